// title: The widest paths of a class
// answers: Along which chains of neurons is a class's evidence strongest from one neuron to another?
//   A chain climbs along edges of the class's attribution graph and is as strong as its weakest edge (its share; its
//   count where the class's images are unknown). From `source` to `target` where both are given; with only `target`,
//   from any neuron of the lowest layer in which the class has neurons; with only `source`, up to any neuron of its
//   highest layer; with neither, from the lowest to the highest. `lowest` and `highest` leave out the layers below and
//   above: the chain begins and ends within them. The k strongest chains, of at least one edge, come in this order:
//   strength, the fewer edges, then neuron by neuron from the source the later layer, then the lower channel.
//   `weakest_edge` is the first edge from below that has that strength. To check: look up each edge of a chain in
//   `class_edges`; their least is `strength`.
// parameter class: class, required
// parameter source: neuron, optional
// parameter target: neuron, optional
// parameter lowest: layer, optional
// parameter highest: layer, optional
// parameter scope: scope = selected
// parameter k: integer = 5, 1..1000
// column rank: integer · strength: number · edges: count · weakest_edge: neurons · chain: neurons
// example: class=0 target=mixed5b/118
// search: widest_paths
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex)
WHERE $scope = 'all' OR v.selected
OPTIONAL MATCH (v)-[e:FEEDS]->(w:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN c.id AS class_id, c.number AS class, c.images AS images, v.layer AS layer, v.layer_index AS layer_index,
       v.channel AS channel, collect(w.layer_index) AS target_layer_indexes, collect(w.channel) AS target_channels,
       collect(e.count) AS counts
ORDER BY class, layer_index, channel
