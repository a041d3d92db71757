// title: A neuron's details
// answers: In how many classes is the neuron, how strong at most, how many neurons feed it or are fed by it in some
//   class's attribution graph, and how many examples of it are there? `neuron_classes` names the classes.
// parameter neuron: neuron, required
// parameter scope: scope = selected
// column neuron: neuron · layer: layer · layer_index: integer · channel: integer · classes: count
// column largest_count: count · largest_share: share · inputs: count · outputs: count · examples: count
// example: neuron=mixed4e/346
MATCH (n:Neuron {id: $neuron})
OPTIONAL MATCH (n)<-[a:ACTIVATES]-(c:Class)
WHERE $scope = 'all' OR a.selected
WITH n, count(c) AS classes, max(a.count) AS largest_count, max(a.share) AS largest_share
OPTIONAL MATCH (n)<-[:INFLUENCES]-(m:Neuron)
WITH n, classes, largest_count, largest_share, count(m) AS inputs
OPTIONAL MATCH (n)-[:INFLUENCES]->(o:Neuron)
WITH n, classes, largest_count, largest_share, inputs, count(o) AS outputs
OPTIONAL MATCH (n)-[x:EXAMPLE]->(i:Image)
RETURN n.id AS neuron, n.layer AS layer, n.layer_index AS layer_index, n.channel AS channel, classes,
       largest_count, largest_share, inputs, outputs, count(i) AS examples
ORDER BY neuron
