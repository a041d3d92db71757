// title: A class's neurons
// answers: Which neurons does the class activate, in how many of its images, and how important is each in its graph?
//   The last layer comes first; within a layer the most important neuron.
// parameter class: class, required
// parameter layer: layer, optional
// parameter scope: scope = selected
// column neuron: neuron · layer: layer · layer_index: integer · channel: integer
// column count: count · share: share · importance: number · selected: boolean
// example: class=0 layer=mixed5b
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)
WHERE ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
RETURN n.id AS neuron, n.layer AS layer, n.layer_index AS layer_index, n.channel AS channel,
       a.count AS count, a.share AS share, a.importance AS importance, a.selected AS selected
ORDER BY n.layer_index DESC, a.importance DESC, n.channel
