// title: Neurons that most classes use
// answers: Which neurons do most classes rely on, in one layer or in all?
//   `classes` is how many do, `part` what part of the run's classes that is. Ordered by that, then the later layer,
//   then the lower channel.
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column neuron: neuron · layer: layer · layer_index: integer · channel: integer · classes: count · part: number
// example: layer=mixed4a
MATCH (r:Run {id: $run})-[:HAS_CLASS]->(k:Class)
WITH count(k) AS every
MATCH (n:Neuron)<-[a:ACTIVATES]-(c:Class)
WHERE n.run = $run AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
WITH every, n, count(c) AS classes
RETURN n.id AS neuron, n.layer AS layer, n.layer_index AS layer_index, n.channel AS channel, classes,
       1.0 * classes / every AS part
ORDER BY classes DESC, layer_index DESC, channel
LIMIT $limit
