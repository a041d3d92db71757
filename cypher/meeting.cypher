// title: Where two classes' evidence meets
// answers: Through which shared neurons does one class's evidence lead to another's?
//   For each neuron that is a vertex in both classes' graphs: the strongest chain of edges from a vertex in the last
//   layer of class_a down to it, and the strongest chain from it up to a vertex in the last layer of class_b. A chain
//   is as strong as its weakest edge (its share; its count where a class's images are unknown), `weakest_edge_a` and
//   `weakest_edge_b` (the first from below); a neuron of the last layer itself needs no chain and its side is not
//   bounded (null). Of equally strong chains it is the shortest, of these the one whose neurons, read from the shared
//   one, have the later layers, then the lower channels. The neurons are ordered by their weaker side; ties by the
//   later layer, then the lower channel. If no shared neuron has both chains, the way goes through one third class (the
//   first of `bridging_classes` that makes it possible): rows of leg 1 lead from class_a to it, rows of leg 2 from it
//   to class_b. A class's last layer is the last in which it has vertices; `lowest` and `highest` leave out the layers
//   below and above.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter lowest: layer, optional
// parameter highest: layer, optional
// parameter scope: scope = selected
// parameter k: integer = 5, 1..1000
// column leg: integer · class_a: class · class_b: class · neuron: neuron · strength: number
// column strength_a: number · strength_b: number · weakest_edge_a: neurons · weakest_edge_b: neurons
// column chain_a: neurons · chain_b: neurons
// example: class_a=294 class_b=295
// search: meeting
MATCH (c:Class)-[:HAS_VERTEX]->(v:Vertex)
WHERE c.id IN [$class_a, $class_b] AND ($scope = 'all' OR v.selected)
OPTIONAL MATCH (v)-[e:FEEDS]->(w:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN c.id AS class_id, c.number AS class, c.images AS images, v.layer AS layer, v.layer_index AS layer_index,
       v.channel AS channel, collect(w.layer_index) AS target_layer_indexes, collect(w.channel) AS target_channels,
       collect(e.count) AS counts
ORDER BY class, layer_index, channel
