// title: Neurons of several classes: union, intersection, difference
// answers: Which neurons are in the attribution graphs of at least so many of these classes, and in none of those?
//   `at_least` 1 is the union of the classes' graphs; as many as there are classes, their intersection; between them,
//   what at least that many share. `without` takes away what any of those classes holds: the difference.
//   `minimum_count` and `minimum_share` leave a neuron out of a class where fewer images activate it. `members` are
//   those of the classes that hold the neuron; `weakest` and `strongest` the least and the greatest of its shares in
//   them (of its counts where a class's images are unknown). Most members first; ties by the greater weakest, then the
//   later layer, then the lower channel.
// parameter classes: classes, required
// parameter at_least: integer = 1, 1..100000
// parameter without: classes, optional
// parameter layer: layer, optional
// parameter minimum_count: integer, optional, 0..1000000000
// parameter minimum_share: share, optional
// parameter scope: scope = selected
// parameter limit: integer = 1000, 1..100000
// column neuron: neuron · layer: layer · layer_index: integer · channel: integer · classes: count · members: classes
// column weakest: number · strongest: number
// example: classes=294,295 at_least=2
MATCH (u:Class)
WHERE u.id IN $classes
WITH count(u) AS asked, count(u.images) AS counted
MATCH (c:Class)-[:HAS_VERTEX]->(v:Vertex)-[:OF]->(n:Neuron)
WHERE c.id IN $classes AND ($scope = 'all' OR v.selected) AND v.layer = coalesce($layer, v.layer)
  AND coalesce(v.count >= $minimum_count, true) = true AND coalesce(v.share >= $minimum_share, true) = true
  AND NOT EXISTS {
    MATCH (n)<-[:OF]-(w:Vertex)
    WHERE w.class IN $without AND ($scope = 'all' OR w.selected)
      AND coalesce(w.count >= $minimum_count, true) = true AND coalesce(w.share >= $minimum_share, true) = true
  }
WITH n, c.number AS number, CASE WHEN counted < asked THEN 1.0 * v.count ELSE v.share END AS strength
WITH n, count(number) AS classes, collect(number) AS members, min(strength) AS weakest, max(strength) AS strongest
WHERE classes >= $at_least
RETURN n.id AS neuron, n.layer AS layer, n.layer_index AS layer_index, n.channel AS channel, classes, members,
       weakest, strongest
ORDER BY classes DESC, weakest DESC, layer_index DESC, channel
LIMIT $limit
