// title: What feeds a neuron in a class
// answers: Which earlier neurons feed this one in the class's attribution graph, the strongest first?
// parameter class: class, required
// parameter neuron: neuron, required
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column neuron: neuron · layer: layer · channel: integer · count: count · share: share · selected: boolean
// example: class=0 neuron=mixed4e/346
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(w:Vertex)<-[e:FEEDS]-(v:Vertex)
WHERE w.neuron = $neuron
WITH c.images AS images, v.neuron AS neuron, v.layer AS layer, v.layer_index AS layer_index, v.channel AS channel,
     e.count AS count, e.share AS share, e.selected AS selected,
     count(CASE WHEN $scope = 'all' OR e.selected THEN 1 END) AS kept
WHERE kept > 0
RETURN neuron, layer, channel, count, share, selected
ORDER BY CASE WHEN images IS NULL THEN 1.0 * count ELSE share END DESC, layer_index DESC, channel
LIMIT $limit
