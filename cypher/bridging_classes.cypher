// title: Classes between two classes
// answers: Which third classes share vertices with both, and how many with each?
//   Ordered by the smaller of the two numbers, then their sum, then the class's number.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column class: class · name: text · shared_a: count · shared_b: count
// example: class_a=0 class_b=396
MATCH (c:Class)-[:HAS_VERTEX]->(v:Vertex)-[:OF]->(n:Neuron)
WHERE c.id IN [$class_a, $class_b]
WITH n, sum(CASE WHEN c.id = $class_a AND ($scope = 'all' OR v.selected) THEN 1 ELSE 0 END) AS in_a,
     sum(CASE WHEN c.id = $class_b AND ($scope = 'all' OR v.selected) THEN 1 ELSE 0 END) AS in_b
MATCH (n)<-[:OF]-(w:Vertex)
WITH w.class AS member, sum(CASE WHEN $scope = 'all' OR w.selected THEN in_a ELSE 0 END) AS shared_a,
     sum(CASE WHEN $scope = 'all' OR w.selected THEN in_b ELSE 0 END) AS shared_b
WHERE shared_a > 0 AND shared_b > 0 AND member <> $class_a AND member <> $class_b
MATCH (c:Class)
WHERE c.id = member
RETURN c.number AS class, c.name AS name, shared_a, shared_b
ORDER BY CASE WHEN shared_a < shared_b THEN shared_a ELSE shared_b END DESC, shared_a + shared_b DESC, c.number
LIMIT $limit
