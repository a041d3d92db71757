// title: What a neuron feeds in a class
// answers: Which later neurons does this one feed in the class's attribution graph, the strongest first?
// parameter class: class, required
// parameter neuron: neuron, required
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column neuron: neuron · layer: layer · channel: integer · count: count · share: share · selected: boolean
// example: class=0 neuron=mixed4e/346
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(w:Vertex)-[e:FEEDS]->(v:Vertex)
WHERE w.neuron = $neuron AND ($scope = 'all' OR e.selected)
RETURN v.neuron AS neuron, v.layer AS layer, v.channel AS channel, e.count AS count, e.share AS share,
       e.selected AS selected
ORDER BY CASE WHEN c.images IS NULL THEN 1.0 * e.count ELSE e.share END DESC, v.layer_index DESC, v.channel
LIMIT $limit
