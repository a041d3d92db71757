// title: A class in each layer
// answers: Where does the class lie in each layer's embedding, and how much importance and influence (from the layer
//   below) did its graph hold there before neurons were selected?
// parameter class: class, required
// column layer: layer · layer_index: integer · x: number · y: number · importance: number · influence: number
// example: class=0
MATCH (r:Run {id: $run})-[:HAS_LAYER]->(l:Layer)
OPTIONAL MATCH (c:Class {id: $class})-[p:PLACED]->(l)
RETURN l.layer AS layer, l.layer_index AS layer_index, p.x AS x, p.y AS y,
       p.importance AS importance, p.influence AS influence
ORDER BY l.layer_index
