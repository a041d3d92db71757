// title: The longest chain that two classes have in common
// answers: Along which chain does the evidence of both classes run together, and where do they part?
//   An edge is in common where both classes' attribution graphs have it; it is as strong as the weaker of the two
//   shares (counts where the images of one are unknown). Of the chains of such edges, from a lower neuron up, the one
//   with the most edges; of these the one whose weakest edge is strongest; of these, neuron by neuron from below, the
//   later layer, then the lower channel. `lowest` and `highest` leave out the layers below and above. `start` is its
//   lowest neuron, and `from_bottom` says whether that is in the lowest layer in which either class has neurons (within
//   the bounds). At its upper end, `parting`, in layer `parting_layer`, the classes part: `onward_a` are the neurons
//   that it feeds in class_a, `onward_b` those in class_b, the strongest first; no edge onward is in common. Both
//   empty: the chain has reached the top. No row where no edge is in common. To check: each edge of the chain is in
//   `class_edges` of both, and `neuron_outputs` of `parting` shows what each class has above it.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter lowest: layer, optional
// parameter highest: layer, optional
// parameter scope: scope = selected
// column edges: count · strength: number · weakest_edge: neurons · chain: neurons · start: neuron · from_bottom: boolean
// column parting: neuron · parting_layer: layer · onward_a: neurons · onward_b: neurons
// example: class_a=294 class_b=295
// search: common_chain
MATCH (c:Class)-[:HAS_VERTEX]->(v:Vertex)
WHERE c.id IN [$class_a, $class_b] AND ($scope = 'all' OR v.selected)
OPTIONAL MATCH (v)-[e:FEEDS]->(w:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN c.id AS class_id, c.number AS class, c.images AS images, v.layer AS layer, v.layer_index AS layer_index,
       v.channel AS channel, collect(w.layer_index) AS target_layer_indexes, collect(w.channel) AS target_channels,
       collect(e.count) AS counts
ORDER BY class, layer_index, channel
