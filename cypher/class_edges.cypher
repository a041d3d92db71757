// title: A class's edges
// answers: Which neuron feeds which in the class's attribution graph, and how strongly?
//   An edge goes from an earlier layer's neuron (source) to a later one's (target). The strongest comes first: by
//   share, or by count where the number of the class's images is unknown. `minimum_count` and `minimum_share` are of
//   the edge; with `mass` both its ends are among the neurons that `class_neurons` answers for that mass.
// parameter class: class, required
// parameter minimum_count: integer, optional, 0..1000000000
// parameter minimum_share: share, optional
// parameter mass: number, optional, 0..1
// parameter scope: scope = selected
// column source: neuron · target: neuron · count: count · share: share · selected: boolean
// example: class=0
// search: class_edges
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex)-[e:FEEDS]->(w:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN v.neuron AS source, w.neuron AS target, e.count AS count, e.share AS share, e.selected AS selected
ORDER BY CASE WHEN c.images IS NULL THEN 1.0 * e.count ELSE e.share END DESC,
         w.layer_index DESC, w.channel, v.layer_index DESC, v.channel
