// title: A neuron's classes
// answers: Which classes rely on the neuron, and how strongly each?
//   Ordered by share (by count where the images of one of the classes are unknown), then the class's number.
// parameter neuron: neuron, required
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column class: class · name: text · count: count · share: share · importance: number · selected: boolean
// example: neuron=mixed4e/346
MATCH (n:Neuron {id: $neuron})<-[a:ACTIVATES]-(c:Class)
WHERE $scope = 'all' OR a.selected
WITH sum(CASE WHEN c.images IS NULL THEN 1 ELSE 0 END) AS uncounted
MATCH (n:Neuron {id: $neuron})<-[a:ACTIVATES]-(c:Class)
WHERE $scope = 'all' OR a.selected
RETURN c.number AS class, c.name AS name, a.count AS count, a.share AS share,
       a.importance AS importance, a.selected AS selected
ORDER BY CASE WHEN uncounted > 0 THEN 1.0 * a.count ELSE a.share END DESC, c.number
LIMIT $limit
