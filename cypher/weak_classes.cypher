// title: Classes of lowest accuracy, with how concentrated their evidence is
// answers: Which classes does the model get wrong most, on how many neurons do they rest, and how strong is the first
//   of them?
//   `top_shares` holds, for each layer in which the class has neurons, from the first layer on, the share of its images
//   that activate the layer's most activated neuron; `top_share` is their mean. The lowest accuracy comes first; ties
//   by the class's number. `concentration` shows the layers one by one.
// parameter scope: scope = selected
// parameter limit: integer = 20, 1..100000
// column class: class · name: text · accuracy: share · images: count · neurons: count · top_share: share
// column top_shares: shares
// needs: predictions
// search: weak_classes
MATCH (r:Run {id: $run})-[:HAS_CLASS]->(c:Class)
WHERE c.accuracy IS NOT NULL
WITH c
ORDER BY c.accuracy, c.number
LIMIT $limit
OPTIONAL MATCH (c)-[a:ACTIVATES]->(n:Neuron)
WHERE $scope = 'all' OR a.selected
RETURN c.number AS class, c.name AS name, c.accuracy AS accuracy, c.images AS images, n.layer_index AS layer_index,
       count(n) AS neurons, max(a.share) AS top_share
ORDER BY accuracy, class, layer_index
