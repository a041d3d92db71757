// title: The neighbourhood of a neuron in a class
// answers: What leads to the neuron in the class's attribution graph, and what does it lead to, so many steps away?
//   Down from the neuron (`direction` in) the edges into it are step 1, the edges into their sources step 2, and so on;
//   up from it (out) the edges from it are step 1. An edge that is met at several steps is shown once, at the nearest.
//   Ordered by direction (in, out), step, strength (share, or count where the class's images are unknown), then target
//   and source: the later layer, then the lower channel.
// parameter class: class, required
// parameter neuron: neuron, required
// parameter steps: integer = 1, 1..100
// parameter scope: scope = selected
// column direction: text · step: integer · source: neuron · target: neuron · count: count · share: share
// example: class=0 neuron=mixed4e/346 steps=2
// search: neighbourhood
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex)
WHERE $scope = 'all' OR v.selected
OPTIONAL MATCH (v)-[e:FEEDS]->(w:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN c.id AS class_id, c.number AS class, c.images AS images, v.layer AS layer, v.layer_index AS layer_index,
       v.channel AS channel, collect(w.layer_index) AS target_layer_indexes, collect(w.channel) AS target_channels,
       collect(e.count) AS counts
ORDER BY class, layer_index, channel
