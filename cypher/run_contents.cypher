// title: What a run holds
// answers: Does the run know its classes' numbers of images (and so shares), predictions and examples?
// column share: boolean · predictions: boolean · examples: boolean
MATCH (r:Run {id: $run})
OPTIONAL MATCH (r)-[:HAS_CLASS]->(c:Class)
WITH r, count(c) AS classes, count(c.images) AS counted, count(c.accuracy) AS predicted
OPTIONAL MATCH (i:Image)
WHERE i.run = $run
WITH classes, counted, predicted, count(i) AS images
RETURN counted = classes AS share, predicted > 0 AS predictions, images > 0 AS examples
