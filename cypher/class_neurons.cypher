// title: A class's neurons
// answers: Which neurons does the class activate, in how many of its images, and how important is each in its graph?
//   The last layer comes first; within a layer the most important neuron. `minimum_count` and `minimum_share` leave out
//   what fewer images activate. `mass` keeps in each layer the most important neurons, one by one (ties: the lower
//   channel) until their importance sums to that share of the layer's importance in the whole graph; a mass beyond what
//   was loaded is refused, with the largest that can be answered.
// parameter class: class, required
// parameter layer: layer, optional
// parameter minimum_count: integer, optional, 0..1000000000
// parameter minimum_share: share, optional
// parameter mass: number, optional, 0..1
// parameter scope: scope = selected
// column neuron: neuron · layer: layer · layer_index: integer · channel: integer
// column count: count · share: share · importance: number · selected: boolean
// example: class=0 layer=mixed5b
// search: class_neurons
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)
WHERE $mass IS NULL AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
RETURN n.id AS neuron, n.layer AS layer, n.layer_index AS layer_index, n.channel AS channel,
       a.count AS count, a.share AS share, a.importance AS importance, a.selected AS selected
UNION ALL
MATCH (c:Class {id: $class})-[:HAS_VERTEX]->(v:Vertex)
WHERE $mass IS NOT NULL AND ($scope = 'all' OR v.selected) AND v.layer = coalesce($layer, v.layer)
RETURN v.neuron AS neuron, v.layer AS layer, v.layer_index AS layer_index, v.channel AS channel,
       v.count AS count, v.share AS share, v.importance AS importance, v.selected AS selected
