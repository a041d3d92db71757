// title: Most confused pairs of classes, with the neurons that they share
// answers: Which class is most often taken for which, and what evidence have the two in common?
//   `count` images of the class were predicted to be `predicted`; `share` is their part of the class's images.
//   `neurons` are those that both classes rely on, the one with the greater weaker share first (ties: the later layer,
//   the lower channel). With `class`, only pairs in which it is one of the two. Ordered by count, then the numbers of
//   the two.
// parameter class: class, optional
// parameter scope: scope = selected
// parameter limit: integer = 20, 1..10000
// column class: class · name: text · predicted: class · predicted_name: text · count: count · share: share
// column shared: count · neurons: neurons
// needs: predictions
// example: class=294
// search: confused_classes
MATCH (r:Run {id: $run})-[:HAS_CLASS]->(c:Class)-[x:CONFUSED_WITH]->(o:Class)
WHERE c.id = coalesce($class, c.id) OR o.id = $class
WITH c, x.count AS count, o
ORDER BY count DESC, c.number, o.number
LIMIT $limit
OPTIONAL MATCH (c)-[a:ACTIVATES]->(n:Neuron)<-[b:ACTIVATES]-(o)
WITH c, o, count, n, a, b, CASE WHEN $scope = 'all' OR (a.selected AND b.selected) THEN true ELSE false END AS kept
RETURN c.number AS class, c.name AS name, c.images AS images, o.number AS predicted, o.name AS predicted_name,
       o.images AS predicted_images, count, collect(CASE WHEN kept THEN n.layer_index END) AS layers,
       collect(CASE WHEN kept THEN n.channel END) AS channels, collect(CASE WHEN kept THEN n.id END) AS neurons,
       collect(CASE WHEN kept THEN a.count END) AS counts, collect(CASE WHEN kept THEN b.count END) AS predicted_counts
ORDER BY count DESC, class, predicted
