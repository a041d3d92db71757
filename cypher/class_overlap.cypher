// title: What two classes share in each layer
// answers: How many neurons do the two classes have in each layer, how many of them in common, and how alike are they
//   there?
//   `jaccard` is the shared neurons as a part of all that either has (null where neither has one); `similarity` the
//   cosine of their counts over all neurons of the layer, selected or not (null where one has no count). The last layer
//   comes first: read downwards, it shows where two classes part.
// parameter class_a: class, required
// parameter class_b: class, required
// parameter scope: scope = selected
// column layer: layer · layer_index: integer · neurons_a: count · neurons_b: count · shared: count
// column jaccard: number · similarity: number
// example: class_a=294 class_b=295
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.id IN [$class_a, $class_b]
WITH n, sum(CASE WHEN c.id = $class_a AND ($scope = 'all' OR a.selected) THEN 1 ELSE 0 END) AS in_a,
     sum(CASE WHEN c.id = $class_b AND ($scope = 'all' OR a.selected) THEN 1 ELSE 0 END) AS in_b,
     sum(CASE WHEN c.id = $class_a THEN 1.0 * a.count ELSE 0.0 END) AS count_a,
     sum(CASE WHEN c.id = $class_b THEN 1.0 * a.count ELSE 0.0 END) AS count_b
WITH n.layer AS layer, n.layer_index AS layer_index, sum(in_a) AS neurons_a, sum(in_b) AS neurons_b,
     sum(in_a * in_b) AS shared, sum(count_a * count_b) AS product,
     sum(count_a * count_a) AS square_a, sum(count_b * count_b) AS square_b
RETURN layer, layer_index, neurons_a, neurons_b, shared,
       CASE WHEN neurons_a + neurons_b > 0 THEN 1.0 * shared / (neurons_a + neurons_b - shared) END AS jaccard,
       CASE WHEN square_a > 0 AND square_b > 0 THEN product / sqrt(square_a * square_b) END AS similarity
ORDER BY layer_index DESC
