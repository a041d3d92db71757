// title: Edges that most classes use
// answers: Which neuron feeds which in most classes' attribution graphs?
//   Over the selected edges of all classes: in how many it is, and the sum of its counts. `layer` is that of the
//   target. Ordered by classes, then count, then target and source: the later layer, then the lower channel.
// parameter layer: layer, optional
// parameter limit: integer = 100, 1..100000
// column source: neuron · target: neuron · classes: count · count: count
// example: layer=mixed4a
MATCH (s:Neuron)-[i:INFLUENCES]->(t:Neuron)
WHERE s.run = $run AND t.layer = coalesce($layer, t.layer)
RETURN s.id AS source, t.id AS target, i.classes AS classes, i.count AS count
ORDER BY classes DESC, count DESC, t.layer_index DESC, t.channel, s.layer_index DESC, s.channel
LIMIT $limit
