// title: Neurons that tell two classes apart
// answers: Which neurons does one class activate in far more of its images than the other?
//   `difference` is the share in class_a less the share in class_b (counts where a class's images are unknown), so
//   above 0 where class_a has more. Neurons that are selected in one of the two are compared (all, with scope all); a
//   class that does not activate one at all counts 0. The largest difference, either way, comes first; ties by the
//   later layer, then the lower channel.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column neuron: neuron · layer: layer · difference: number · share_a: share · share_b: share
// column count_a: count · count_b: count
// example: class_a=294 class_b=295
MATCH (k:Class {id: $class_a})
MATCH (l:Class {id: $class_b})
WITH k.images AS images_a, l.images AS images_b
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.id IN [$class_a, $class_b] AND n.layer = coalesce($layer, n.layer)
WITH images_a, images_b, n,
     sum(CASE WHEN $scope = 'all' OR a.selected THEN 1 ELSE 0 END) AS held,
     sum(CASE WHEN c.id = $class_a THEN a.count ELSE 0 END) AS count_a,
     sum(CASE WHEN c.id = $class_b THEN a.count ELSE 0 END) AS count_b,
     sum(CASE WHEN c.id = $class_a THEN a.share ELSE 0.0 END) AS given_a,
     sum(CASE WHEN c.id = $class_b THEN a.share ELSE 0.0 END) AS given_b
WHERE held > 0
WITH n, count_a, count_b, CASE WHEN images_a IS NULL THEN null ELSE given_a END AS share_a,
     CASE WHEN images_b IS NULL THEN null ELSE given_b END AS share_b
WITH n, count_a, count_b, share_a, share_b, coalesce(share_a - share_b, 1.0 * (count_a - count_b)) AS difference
WHERE difference <> 0.0
RETURN n.id AS neuron, n.layer AS layer, difference, share_a, share_b, count_a, count_b
ORDER BY abs(difference) DESC, n.layer_index DESC, n.channel
LIMIT $limit
