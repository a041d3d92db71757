// title: Neurons that two classes share
// answers: Which neurons do both classes rely on, and how strongly each?
//   Ordered by the weaker of the two shares (counts where a class's images are unknown), then the later layer, then the
//   channel.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..10000
// column neuron: neuron · share_a: share · share_b: share · count_a: count · count_b: count
// example: class_a=294 class_b=295
MATCH (k:Class {id: $class_a})
MATCH (l:Class {id: $class_b})
WITH k.images AS images_a, l.images AS images_b
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.id IN [$class_a, $class_b] AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
WITH images_a, images_b, n,
     sum(CASE WHEN c.id = $class_a THEN 1 ELSE 0 END) AS in_a, sum(CASE WHEN c.id = $class_b THEN 1 ELSE 0 END) AS in_b,
     sum(CASE WHEN c.id = $class_a THEN a.count ELSE 0 END) AS count_a,
     sum(CASE WHEN c.id = $class_b THEN a.count ELSE 0 END) AS count_b,
     sum(CASE WHEN c.id = $class_a THEN a.share ELSE 0.0 END) AS given_a,
     sum(CASE WHEN c.id = $class_b THEN a.share ELSE 0.0 END) AS given_b
WHERE in_a > 0 AND in_b > 0
WITH n, count_a, count_b, CASE WHEN images_a IS NULL THEN null ELSE given_a END AS share_a,
     CASE WHEN images_b IS NULL THEN null ELSE given_b END AS share_b,
     CASE WHEN images_a IS NULL OR images_b IS NULL THEN 1.0 * count_a ELSE given_a END AS strength_a,
     CASE WHEN images_a IS NULL OR images_b IS NULL THEN 1.0 * count_b ELSE given_b END AS strength_b
RETURN n.id AS neuron, share_a, share_b, count_a, count_b
ORDER BY CASE WHEN strength_a < strength_b THEN strength_a ELSE strength_b END DESC, n.layer_index DESC, n.channel
LIMIT $limit
