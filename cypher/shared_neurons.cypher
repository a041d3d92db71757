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
MATCH (a:Class {id: $class_a})-[r:ACTIVATES]->(n:Neuron)
MATCH (n)<-[s:ACTIVATES]-(b:Class {id: $class_b})
WHERE ($scope = 'all' OR (r.selected AND s.selected)) AND n.layer = coalesce($layer, n.layer)
WITH n, r, s,
     CASE WHEN a.images IS NULL OR b.images IS NULL THEN 1.0 * r.count ELSE r.share END AS strength_a,
     CASE WHEN a.images IS NULL OR b.images IS NULL THEN 1.0 * s.count ELSE s.share END AS strength_b
RETURN n.id AS neuron, r.share AS share_a, s.share AS share_b, r.count AS count_a, s.count AS count_b
ORDER BY CASE WHEN strength_a < strength_b THEN strength_a ELSE strength_b END DESC, n.layer_index DESC, n.channel
LIMIT $limit
