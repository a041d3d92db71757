// title: A neuron's examples
// answers: Which images activate the neuron most, and where in the image?
//   The strongest comes first. `x0`, `y0`, `x1`, `y1` are the part of the image, in pixels as the model sees it, that
//   the neuron's strongest place looks at; the end is not included.
// parameter neuron: neuron, required
// column rank: integer · image: text · activation: number · x0: integer · y0: integer · x1: integer · y1: integer
// needs: examples
// example: neuron=mixed4e/346
MATCH (n:Neuron {id: $neuron})-[e:EXAMPLE]->(i:Image)
RETURN e.rank AS rank, i.path AS image, e.activation AS activation, e.x0 AS x0, e.y0 AS y0, e.x1 AS x1, e.y1 AS y1
ORDER BY rank
