// title: Layers
// answers: Which layers does the run hold, from the first to the last, with how many channels?
// column layer: layer · layer_index: integer · channels: count
MATCH (r:Run {id: $run})-[:HAS_LAYER]->(l:Layer)
RETURN l.layer AS layer, l.layer_index AS layer_index, l.channels AS channels
ORDER BY l.layer_index
