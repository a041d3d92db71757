// title: The nearest classes of a class, layer by layer
// answers: Which classes are most alike in each layer, and how does that change from layer to layer?
//   Similarity is the cosine of the two classes' counts over all neurons of the layer, selected or not. For each layer,
//   from the first on, the k most alike classes (ties: the lower number); a class that has no neuron in common is not
//   alike. `rank_before` is the place that the same class had in the layer before, null where it had none.
// parameter class: class, required
// parameter layer: layer, optional
// parameter k: integer = 5, 1..100000
// column layer: layer · layer_index: integer · rank: integer · class: class · name: text · similarity: number
// column rank_before: integer
// example: class=603
// search: similar_classes
MATCH (c:Class {id: $class})-[a:ACTIVATES]->(n:Neuron)<-[b:ACTIVATES]-(o:Class)
RETURN n.layer AS layer, n.layer_index AS layer_index, o.number AS number, o.name AS name,
       sum(1.0 * a.count * b.count) AS product, 0.0 AS square
UNION ALL
MATCH (c:Class)-[a:ACTIVATES]->(n:Neuron)
WHERE c.run = $run
RETURN n.layer AS layer, n.layer_index AS layer_index, c.number AS number, c.name AS name,
       0.0 AS product, sum(1.0 * a.count * a.count) AS square
