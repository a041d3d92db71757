// title: Runs
// answers: Which runs does the store hold, of which models, with how many classes and images?
//   The newest comes first. A partial run (its ingest had not ended) is shown only when it is named.
// parameter run: run, optional
// column run: run · name: text · model: text · dataset: text · created: text · state: text
// column classes: count · images: count · skipped: count · digest: text
MATCH (r:Run)
WHERE (r.state = 'ready' AND r.id = coalesce($run, r.id))
   OR (r.state IN ['ready', 'partial'] AND (r.id = $run OR r.name = $run))
OPTIONAL MATCH (r)-[:HAS_CLASS]->(c:Class)
WITH r, count(c) AS classes
RETURN r.id AS run, r.name AS name, r.model AS model, r.dataset AS dataset, r.created AS created, r.state AS state,
       classes, r.images AS images, r.skipped AS skipped, r.digest AS digest
ORDER BY r.created DESC, r.id
