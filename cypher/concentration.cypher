// title: How concentrated the evidence of classes is
// answers: Where does a class rest on few strong neurons, and where on many weak ones?
//   A row for each class and layer (with `class` or `layer`, for that one): how many neurons the class has there, the
//   most activated of them (ties: the lower channel), and `concentration`, its count as a part of the sum of the counts
//   of them all. The most concentrated comes first, then the class's number, then the later layer. A class whose first
//   neuron stands out in an early layer may be told apart there: a candidate for an early exit.
// parameter class: class, optional
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column class: class · name: text · layer: layer · neurons: count · top_neuron: neuron · top_count: count
// column top_share: share · concentration: number
// example: class=340
// search: concentration
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.run = $run AND c.id = coalesce($class, c.id) AND n.layer = coalesce($layer, n.layer) AND ($scope = 'all' OR a.selected)
RETURN c.number AS class, c.name AS name, c.images AS images, n.layer AS layer, n.layer_index AS layer_index,
       count(n) AS neurons, sum(a.count) AS total, max(a.count * 4294967296 - n.channel) AS first
ORDER BY class, layer_index
