// title: Groups of classes that one neuron ties
// answers: Which classes have a neuron in common that few others use, and how strong is it in all of them?
//   A row for each neuron that from `smallest` to `largest` classes rely on, with these classes. `weakest` and
//   `strongest` are the least and the greatest of its shares in them (counts where the images of a class of the run are
//   unknown). Ordered by weakest, so the tightest group comes first; then more classes, the later layer, the lower
//   channel.
// parameter smallest: integer = 2, 1..100000
// parameter largest: integer = 20, 1..100000
// parameter layer: layer, optional
// parameter scope: scope = selected
// parameter limit: integer = 100, 1..100000
// column neuron: neuron · layer: layer · classes: count · members: classes · weakest: number · strongest: number
// example: smallest=5 layer=mixed5a
MATCH (r:Run {id: $run})-[:HAS_CLASS]->(k:Class)
WITH count(k) AS every, count(k.images) AS counted
MATCH (n:Neuron)<-[a:ACTIVATES]-(c:Class)
WHERE n.run = $run AND ($scope = 'all' OR a.selected) AND n.layer = coalesce($layer, n.layer)
WITH n, c.number AS number, CASE WHEN counted < every THEN 1.0 * a.count ELSE a.share END AS strength
WITH n, count(number) AS classes, collect(number) AS members, min(strength) AS weakest, max(strength) AS strongest
WHERE classes >= $smallest AND classes <= $largest
RETURN n.id AS neuron, n.layer AS layer, classes, members, weakest, strongest
ORDER BY weakest DESC, classes DESC, n.layer_index DESC, n.channel
LIMIT $limit
