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
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)<-[b:ACTIVATES]-(o:Class)
WHERE ($scope = 'all' OR (a.selected AND b.selected)) AND n.layer = coalesce($layer, n.layer)
RETURN o.number AS number, o.name AS name, count(n) AS shared, 0 AS neurons
UNION ALL
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.run = $run AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
RETURN c.number AS number, c.name AS name, 0 AS shared, count(n) AS neurons
