// title: Classes between two classes
// answers: Which third classes share vertices with both, and how many with each?
//   Ordered by the smaller of the two numbers, then their sum, then the class's number.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column class: class · name: text · shared_a: count · shared_b: count
// example: class_a=0 class_b=396
MATCH (a:Class {id: $class_a})-[:HAS_VERTEX]->(v:Vertex)-[:OF]->(n:Neuron)<-[:OF]-(w:Vertex)<-[:HAS_VERTEX]-(c:Class)
WITH c, count(CASE WHEN $scope = 'all' OR (v.selected AND w.selected) THEN 1 END) AS shared_a
WHERE shared_a > 0 AND c.id <> $class_a AND c.id <> $class_b
MATCH (b:Class {id: $class_b})-[:HAS_VERTEX]->(x:Vertex)-[:OF]->(m:Neuron)<-[:OF]-(y:Vertex)<-[:HAS_VERTEX]-(c)
WITH c, shared_a, count(CASE WHEN $scope = 'all' OR (x.selected AND y.selected) THEN 1 END) AS shared_b
WHERE shared_b > 0
RETURN c.number AS class, c.name AS name, shared_a, shared_b
ORDER BY CASE WHEN shared_a < shared_b THEN shared_a ELSE shared_b END DESC, shared_a + shared_b DESC, c.number
LIMIT $limit
