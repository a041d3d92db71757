// title: Classes that share most with a class
// answers: Which other classes rely on the same neurons, in one layer or in all, how many, and what part of both?
//   `neurons` is how many the other class has; `jaccard` the shared ones as a part of all that either has. Sorted by
//   one of the two, the largest first, then by the class's number. `similar_classes` compares whole activation
//   profiles.
// parameter class: class, required
// parameter layer: layer, optional
// parameter sort: shared|jaccard = shared
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column class: class · name: text · shared: count · neurons: count · jaccard: number
// example: class=294
// search: sharing_classes
MATCH (o:Class)-[b:ACTIVATES]->(n:Neuron)
WHERE o.run = $run AND ($scope = 'all' OR b.selected) AND n.layer = coalesce($layer, n.layer)
WITH n.id AS neuron, collect(o.id) AS members, sum(CASE WHEN o.id = $class THEN 1 ELSE 0 END) AS held
UNWIND members AS member
WITH member, sum(held) AS shared, count(held) AS neurons
MATCH (c:Class)
WHERE c.id = member
RETURN c.number AS number, c.name AS name, shared, neurons
