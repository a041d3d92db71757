// title: Chains of three neurons that most classes use
// answers: Which neuron feeds a second one that feeds a third, in most classes' attribution graphs?
//   `layer` is that of the one between; in a run of millions of edges all layers at once are more than an engine counts
//   in its time and memory, so ask for one after the other. Ordered by the number of classes that have both edges, then
//   target, middle and source: the later layer, then the lower channel.
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column source: neuron · middle: neuron · target: neuron · classes: count
// example: layer=mixed4b
MATCH (s:Vertex)-[e:FEEDS]->(m:Vertex)-[f:FEEDS]->(t:Vertex)
WHERE m.run = $run AND m.layer = coalesce($layer, m.layer)
WITH s.neuron AS source, s.layer_index AS source_layer, s.channel AS source_channel,
     m.neuron AS middle, m.layer_index AS middle_layer, m.channel AS middle_channel,
     t.neuron AS target, t.layer_index AS target_layer, t.channel AS target_channel,
     count(CASE WHEN $scope = 'all' OR (e.selected AND f.selected) THEN 1 END) AS classes
WHERE classes > 0
RETURN source, middle, target, classes
ORDER BY classes DESC, target_layer DESC, target_channel, middle_layer DESC, middle_channel,
         source_layer DESC, source_channel
LIMIT $limit
