// title: Neurons that only a class, or only the classes of a list, rely on
// answers: Which neurons belong to these classes and hardly to any other?
//   `inside` of the given classes rely on the neuron, `outside` of all others. `precision` is the part of its classes
//   that are given (1: they all lie in the list; a lower `precision` lets some others in), `recall` the part of the
//   given classes that rely on it. `weakest` and `strongest` are the least and the greatest of its shares in the given
//   classes (counts where the images of one are unknown). Ordered by precision, then recall, then strongest, then the
//   later layer, then the lower channel.
// parameter classes: classes, required
// parameter precision: number = 1, 0..1
// parameter at_least: integer = 1, 1..100000
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column neuron: neuron · layer: layer · inside: count · outside: count · precision: number · recall: number
// column weakest: number · strongest: number
// example: classes=151-268 at_least=10 precision=0.9
MATCH (u:Class)
WHERE u.id IN $classes
WITH count(u) AS asked, count(u.images) AS counted
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.id IN $classes AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
WITH asked, n, CASE WHEN counted < asked THEN 1.0 * a.count ELSE a.share END AS strength
WITH asked, n, count(n) AS inside, min(strength) AS weakest, max(strength) AS strongest
WHERE inside >= $at_least
MATCH (n)<-[b:ACTIVATES]-(o:Class)
WHERE $scope = 'all' OR b.selected
WITH asked, n, inside, weakest, strongest, count(o) AS everywhere
WITH n, inside, everywhere - inside AS outside, 1.0 * inside / everywhere AS precision, 1.0 * inside / asked AS recall,
     weakest, strongest
WHERE precision >= $precision
RETURN n.id AS neuron, n.layer AS layer, inside, outside, precision, recall, weakest, strongest
ORDER BY precision DESC, recall DESC, strongest DESC, n.layer_index DESC, n.channel
LIMIT $limit
