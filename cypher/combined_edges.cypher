// title: Edges of several classes: union, intersection, difference
// answers: Which edges are in the attribution graphs of at least so many of these classes, and in none of those?
//   `at_least`, `without`, `members`, `weakest` and `strongest` are as in `combined_neurons`, here of an edge. Most
//   members first; ties by the greater weakest, then target and source: the later layer, then the lower channel.
// parameter classes: classes, required
// parameter at_least: integer = 1, 1..100000
// parameter without: classes, optional
// parameter minimum_count: integer, optional, 0..1000000000
// parameter minimum_share: share, optional
// parameter scope: scope = selected
// parameter limit: integer = 1000, 1..100000
// column source: neuron · target: neuron · classes: count · members: classes · weakest: number · strongest: number
// example: classes=294,295 at_least=2
MATCH (u:Class)
WHERE u.id IN $classes
WITH count(u) AS asked, count(u.images) AS counted
OPTIONAL MATCH (o:Class)-[:HAS_VERTEX]->(p:Vertex)-[f:FEEDS]->(q:Vertex)
WHERE o.id IN $without AND ($scope = 'all' OR f.selected)
WITH asked, counted, collect(CASE WHEN coalesce(f.count >= $minimum_count, true)
     AND coalesce(f.share >= $minimum_share, true) THEN p.neuron + ' ' + q.neuron END) AS taken
MATCH (c:Class)-[:HAS_VERTEX]->(v:Vertex)-[e:FEEDS]->(w:Vertex)
WHERE c.id IN $classes AND ($scope = 'all' OR e.selected)
WITH v.neuron AS source, v.layer_index AS source_layer, v.channel AS source_channel,
     w.neuron AS target, w.layer_index AS target_layer, w.channel AS target_channel,
     CASE WHEN coalesce(e.count >= $minimum_count, true) AND coalesce(e.share >= $minimum_share, true)
          AND NOT ((v.neuron + ' ' + w.neuron) IN taken) THEN c.number END AS number,
     CASE WHEN counted < asked THEN 1.0 * e.count ELSE e.share END AS strength
WITH source, source_layer, source_channel, target, target_layer, target_channel,
     count(number) AS classes, collect(number) AS members,
     min(CASE WHEN number IS NOT NULL THEN strength END) AS weakest,
     max(CASE WHEN number IS NOT NULL THEN strength END) AS strongest
WHERE classes >= $at_least
RETURN source, target, classes, members, weakest, strongest
ORDER BY classes DESC, weakest DESC, target_layer DESC, target_channel, source_layer DESC, source_channel
LIMIT $limit
