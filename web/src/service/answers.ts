// What the service answers, by name: types read off its OpenAPI specification.

import type { components } from "./schema";

type Answers = components["schemas"];
/** A canned query that the page asks. */
export type QueryName = Exclude<keyof Answers, "runs" | "graph" | "pictures">;
/** A canned query's answer. */
export type QueryAnswer<Name extends QueryName> = Answers[Name];

// Any value of a row may be null, says the specification, since a run may lack what it would say; these never are.
type Known<Row, Keys extends keyof Row> = Omit<Row, Keys> & { [Key in Keys]: NonNullable<Row[Key]> };
type RowOf<Name extends QueryName> = QueryAnswer<Name> extends { rows: (infer Row)[] } ? Row : never;

export type RunRow = Known<Answers["runs"]["runs"][number], "run" | "name" | "model" | "dataset" | "classes">;
export type LayerRow = Known<RowOf<"layers">, "layer" | "layer_index" | "channels">;
export type ClassRow = Known<RowOf<"classes">, "class" | "name">;
export type PositionRow = Known<RowOf<"class_positions">, "class" | "x" | "y">;
export type SimilarityRow = Known<RowOf<"similar_classes">, "class">;
export type NeuronClassRow = Known<RowOf<"neuron_classes">, "class" | "name" | "count">;
export type PathRow = Known<RowOf<"widest_paths">, "rank" | "chain" | "strength">;
export type NeuronDetailsRow = Known<RowOf<"neuron_details">, "neuron" | "layer" | "channel">;
export type ExampleRow = Known<RowOf<"neuron_examples">, "rank" | "image" | "activation">;

/** A neuron's pictures, as paths under /api/v1; null where there is none. */
export type Pictures = Omit<Answers["pictures"], "run" | "neuron">;

/** One class's attribution graph. */
export type Graph = Answers["graph"];
/** A neuron of it; `x` and `y` of its pictures are the corner of its cell in the atlas. */
export type GraphNode = Graph["nodes"][number];
/** All tiles' pictures of a graph in one file, square cells of `side` pixels. */
export type Atlas = NonNullable<Graph["atlas"]>;
export type GraphEdge = Graph["edges"][number];
export type GraphLayer = Graph["layers"][number];
