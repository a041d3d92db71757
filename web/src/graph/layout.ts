// Where everything goes: rows are layers, the last on top; the service says in which slot of its row a neuron stands.

import type { Atlas, Graph, GraphEdge, GraphLayer, GraphNode } from "../service/answers";
import { strengthOf } from "./strength";

export const ROW = 98;
export const COLUMN = 82;
export const TILE = { least: 26, most: 62 };
const EDGE = { least: 0.8, most: 7 };
/** Where rows are long, they are put further apart, until the whole is this many times as wide as it is high. */
const ASPECT = 1.6;
const MOST_APART = 8;

export interface PlacedNode {
  node: GraphNode;
  /** The tile's centre. */
  x: number;
  y: number;
  side: number;
}

export interface PlacedEdge {
  edge: GraphEdge;
  source: PlacedNode;
  target: PlacedNode;
  width: number;
}

export interface Row {
  layer: GraphLayer;
  y: number;
  nodes: number;
}

export interface Plan {
  rows: Row[];
  nodes: PlacedNode[];
  atlas: Atlas | null;
  /** Weak ones first, so that strong ones lie above them. */
  edges: PlacedEdge[];
  /** The box around all tiles. */
  bounds: { left: number; right: number; top: number; bottom: number };
}

/** `scaleOf` is the graph that sizes and widths are measured by: the whole one, when only a part is drawn. */
export function layOut(graph: Graph, spacing: { rows: number; columns: number }, scaleOf: Graph = graph): Plan {
  const strength = strengthOf(scaleOf);
  const strongestNode = Math.max(...scaleOf.nodes.map(strength.of), 0);
  const strongestEdge = Math.max(...scaleOf.edges.map(strength.of), 0);
  const layers = [...graph.layers].sort((one, other) => other.layer_index - one.layer_index);
  const places = new Map<string, PlacedNode>();
  // By the whole graph, so that rows stay where they are while the reader leaves neurons out.
  const longest = Math.max(...layers.map(({ layer_index }) => inLayer(scaleOf, layer_index).length), 0);
  const apart = Math.min(Math.max((longest * COLUMN) / (layers.length * ROW) / ASPECT, 1), MOST_APART);
  const rows = layers.map((layer, index): Row => {
    const y = index * ROW * apart * spacing.rows;
    const own = inLayer(graph, layer.layer_index);
    own.sort((one, other) => one.slot - other.slot);
    own.forEach((node, slot) => {
      // The area of a tile, not its side, is in proportion: that is what the eye compares.
      const part = strongestNode > 0 ? Math.sqrt(strength.of(node) / strongestNode) : 1;
      const x = (slot - (own.length - 1) / 2) * COLUMN * Math.max(spacing.columns, LEAST_SPACING);
      places.set(node.neuron, { node, x, y, side: TILE.least + (TILE.most - TILE.least) * part });
    });
    return { layer, y, nodes: own.length };
  });
  const edges: PlacedEdge[] = [];
  for (const edge of graph.edges) {
    const [source, target] = [places.get(edge.source), places.get(edge.target)];
    if (source === undefined || target === undefined) continue;
    const part = strongestEdge > 0 ? strength.of(edge) / strongestEdge : 0;
    edges.push({ edge, source, target, width: EDGE.least + (EDGE.most - EDGE.least) * part });
  }
  edges.sort((one, other) => one.width - other.width);
  const nodes = [...places.values()];
  return { rows, nodes, atlas: graph.atlas, edges, bounds: boundsOf(nodes, rows) };
}

function inLayer(graph: Graph, layer_index: number): GraphNode[] {
  return graph.nodes.filter((node) => node.layer_index === layer_index);
}

/** Columns come no closer than the largest tiles need. */
const LEAST_SPACING = (TILE.most + 4) / COLUMN;

function boundsOf(nodes: readonly PlacedNode[], rows: readonly Row[]): Plan["bounds"] {
  const half = TILE.most / 2;
  const bounds = { left: -half, right: half, top: (rows[0]?.y ?? 0) - half, bottom: (rows.at(-1)?.y ?? 0) + half };
  for (const { x } of nodes) {
    bounds.left = Math.min(bounds.left, x - half);
    bounds.right = Math.max(bounds.right, x + half);
  }
  return bounds;
}

/** An edge's curve: out of the lower tile upwards, into the upper one from below. */
export function curveOf({ source, target }: PlacedEdge): { x: [number, number]; y: [number, number]; bend: number } {
  return { x: [source.x, target.x], y: [source.y, target.y], bend: (source.y + target.y) / 2 };
}

/** A point of an edge's curve, at a part 0..1 of the way from its source. */
export function pointOf(edge: PlacedEdge, part: number): { x: number; y: number } {
  const { x, y, bend } = curveOf(edge);
  const rest = 1 - part;
  const [a, b, c, d] = [rest ** 3, 3 * rest ** 2 * part, 3 * rest * part ** 2, part ** 3];
  return { x: (a + b) * x[0] + (c + d) * x[1], y: a * y[0] + (b + c) * bend + d * y[1] };
}
