// title: A class's details
// answers: How many images has the class, how many of them right, how sure were the predictions of its images, and how
//   large is its attribution graph? `probabilities` counts the predictions in each twentieth from 0 to 1.
// parameter class: class, required
// parameter scope: scope = selected
// column class: class · name: text · images: count · correct: count · accuracy: share · probabilities: counts
// column neurons: count · edges: count
// example: class=tench
MATCH (c:Class {id: $class})
OPTIONAL MATCH (c)-[:HAS_VERTEX]->(v:Vertex)
WHERE $scope = 'all' OR v.selected
WITH c, count(v) AS neurons
OPTIONAL MATCH (c)-[:HAS_VERTEX]->(w:Vertex)-[e:FEEDS]->(x:Vertex)
WHERE $scope = 'all' OR e.selected
RETURN c.number AS class, c.name AS name, c.images AS images, c.correct AS correct, c.accuracy AS accuracy,
       c.probabilities AS probabilities, neurons, count(x) AS edges
ORDER BY class
