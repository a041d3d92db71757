// title: Names of runs
// answers: Which runs may be asked, by which id and name, and in what state? The newest comes first.
//   A partial run (its ingest had not ended) is shown only when it is named.
// parameter run: run, optional
// column run: run · name: text · state: text · digest: text · format: count
MATCH (r:Run)
WHERE (r.state = 'ready' AND r.id = coalesce($run, r.id))
   OR (r.state IN ['ready', 'partial'] AND (r.id = $run OR r.name = $run))
RETURN r.id AS run, r.name AS name, r.state AS state, r.digest AS digest, r.format AS format
ORDER BY r.created DESC, r.id
