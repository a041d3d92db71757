// title: Classes in a layer's embedding
// answers: Where do the classes lie to each other, by the neurons of the layer that they activate?
//   Only the classes that the run's embedding places; `class_layers` follows one class through all layers.
// parameter layer: layer, required
// column class: class · name: text · x: number · y: number
// example: layer=mixed4e
MATCH (c:Class)-[p:PLACED]->(l:Layer)
WHERE l.run = $run AND l.layer = $layer AND p.x IS NOT NULL AND p.y IS NOT NULL
RETURN c.number AS class, c.name AS name, p.x AS x, p.y AS y
ORDER BY class
