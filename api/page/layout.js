// Where everything goes: rows are layers, the last on top; the service says in which slot of its row a neuron stands.

import { strengthOf } from "./figures.js";

const LARGEST_TILE = 50;
const SMALLEST_TILE = 22;
const ROW = { least: 86, most: 168 };
const COLUMN = { least: 34, most: 104 };
const MARGIN = { top: 44, right: 28, bottom: 44 };
export const LABEL_WIDTH = 128;

const EDGE_WIDTH = { least: 0.7, most: 6.5 };

/**
 * Coordinates of a graph in a canvas of a given size.
 *
 * @returns {{width, height, rows: [{layer, y}], nodes: [{node, x, y, side}], edges: [{edge, path, width}]}}
 *   x and y are of a tile's centre, in pixels; the canvas grows where the graph needs more room.
 */
export function layOut(graph, available) {
  const rows = rowsOf(graph);
  const fullest = Math.max(1, ...rows.map((row) => row.nodes.length));
  const rowHeight = clamp((available.height - MARGIN.top - MARGIN.bottom) / Math.max(1, rows.length - 1), ROW);
  const room = available.width - LABEL_WIDTH - MARGIN.right;
  const column = clamp(room / fullest, COLUMN);
  const width = Math.max(available.width, LABEL_WIDTH + MARGIN.right + column * fullest);
  const middle = LABEL_WIDTH + (width - LABEL_WIDTH - MARGIN.right) / 2;
  const largestTile = Math.min(LARGEST_TILE, column - 6);

  const strength = strengthOf(graph);
  const strongestNode = Math.max(...graph.nodes.map(strength), 0);
  const strongestEdge = Math.max(...graph.edges.map(strength), 0);

  const places = new Map();
  rows.forEach((row, index) => {
    row.y = MARGIN.top + index * rowHeight;
    // Rows with fewer neurons spread a little, so that edges fan out, but keep to the middle.
    const step = Math.min(column * 1.35, (width - LABEL_WIDTH - MARGIN.right) / Math.max(1, row.nodes.length), COLUMN.most);
    row.nodes.forEach((node, slot) => {
      // The area of a tile, not its side, is in proportion: that is what the eye compares.
      const part = strongestNode > 0 ? Math.sqrt(strength(node) / strongestNode) : 1;
      places.set(node.neuron, {
        node,
        x: round(middle + (slot - (row.nodes.length - 1) / 2) * step),
        y: round(row.y),
        side: round(SMALLEST_TILE + (largestTile - SMALLEST_TILE) * part),
      });
    });
  });
  const edges = graph.edges.map((edge) => ({
    edge,
    path: curve(places.get(edge.source), places.get(edge.target)),
    width: round(EDGE_WIDTH.least + (EDGE_WIDTH.most - EDGE_WIDTH.least) * (strongestEdge > 0 ? strength(edge) / strongestEdge : 0)),
  }));
  // Strong edges lie above weak ones.
  edges.sort((one, other) => one.width - other.width);
  const height = MARGIN.top + MARGIN.bottom + Math.max(0, rows.length - 1) * rowHeight;
  return { width, height, rows, nodes: [...places.values()], edges };
}

function rowsOf(graph) {
  const rows = graph.layers.map((layer) => ({ layer, nodes: [] }));
  rows.sort((one, other) => other.layer.layer_index - one.layer.layer_index);
  const byIndex = new Map(rows.map((row) => [row.layer.layer_index, row]));
  for (const node of graph.nodes) byIndex.get(node.layer_index).nodes.push(node);
  for (const row of rows) row.nodes.sort((one, other) => one.slot - other.slot);
  return rows;
}

/** From the top of the source's tile to the bottom of the target's, which lies above it. */
function curve(source, target) {
  const from = source.y - source.side / 2;
  const to = target.y + target.side / 2;
  const bend = round((from - to) * 0.5);
  return `M${source.x} ${round(from)}C${source.x} ${round(from - bend)} ${target.x} ${round(to + bend)} ${target.x} ${round(to)}`;
}

function clamp(value, { least, most }) {
  return Math.min(most, Math.max(least, value));
}

function round(value) {
  return Math.round(value * 10) / 10;
}
