import { describe, expect, test } from "vitest";
import { placed } from "../src/graph/beside";
import { layOut, pointOf, ROW, TILE } from "../src/graph/layout";
import { limited, strengthOf } from "../src/graph/strength";
import { neighbour } from "../src/graph/tiles";
import type { Graph, GraphNode } from "../src/service/answers";

function node(
  layer_index: number,
  channel: number,
  slot: number,
  count: number,
  importance: number | null = count,
): GraphNode {
  const neuron = `layer${layer_index}/${channel}`;
  return { neuron, layer_index, channel, slot, count, share: count / 100, importance, pictures: null };
}

const GRAPH: Graph = {
  run: "run",
  class: 3,
  layers: [0, 1, 2].map((layer_index) => ({ layer: `layer${layer_index}`, layer_index, channels: 16 })),
  nodes: [
    node(0, 5, 1, 100),
    node(0, 2, 0, 25),
    node(1, 7, 0, 64),
    node(2, 1, 0, 4),
    node(2, 9, 1, 36),
    node(2, 4, 2, 36),
  ],
  edges: [
    { source: "layer0/5", target: "layer1/7", count: 10, share: 0.1 },
    { source: "layer0/2", target: "layer1/7", count: 50, share: 0.5 },
    { source: "layer1/7", target: "layer2/9", count: 30, share: 0.3 },
    { source: "layer0/5", target: "layer2/1", count: 20, share: 0.2 },
  ],
  kept: { importance: null, influence: null },
  atlas: null,
};
const USUAL = { rows: 1, columns: 1 };

describe("the layout", () => {
  const plan = layOut(GRAPH, USUAL);
  const place = (neuron: string) => {
    const found = plan.nodes.find((one) => one.node.neuron === neuron);
    if (found === undefined) throw new Error(`${neuron} is not placed`);
    return found;
  };

  test("has the last layer on top", () => {
    expect(plan.rows.map((row) => row.layer.layer)).toEqual(["layer2", "layer1", "layer0"]);
    expect(plan.rows.map((row) => row.y)).toEqual([...plan.rows.map((row) => row.y)].sort((a, b) => a - b));
  });

  test("goes by the service's slots within a row, centred, and no tiles overlap", () => {
    const row = plan.nodes.filter((one) => one.node.layer_index === 2).sort((one, other) => one.x - other.x);
    expect(row.map((one) => one.node.channel)).toEqual([1, 9, 4]);
    expect(row.reduce((sum, one) => sum + one.x, 0)).toBeCloseTo(0);
    for (const [index, one] of row.slice(1).entries()) expect(one.x - (row[index]?.x ?? 0)).toBeGreaterThan(TILE.most);
    const close = layOut(GRAPH, { rows: 0.5, columns: 0.5 });
    expect(close.bounds.right - close.bounds.left).toBeGreaterThanOrEqual(3 * TILE.most);
  });

  test("makes areas of tiles follow the counts, from the least size up", () => {
    const part = (neuron: string) => (place(neuron).side - TILE.least) / (TILE.most - TILE.least);
    expect(part("layer0/5")).toBeCloseTo(1);
    expect(part("layer0/2")).toBeCloseTo(0.5);
    expect(part("layer2/1")).toBeCloseTo(0.2);
  });

  test("draws strong edges above weak ones, from tile to tile", () => {
    expect(plan.edges.map(({ edge }) => edge.count)).toEqual([10, 20, 30, 50]);
    const [weakest] = plan.edges;
    if (weakest === undefined) throw new Error("no edge");
    expect(pointOf(weakest, 0)).toEqual({ x: place("layer0/5").x, y: place("layer0/5").y });
    expect(pointOf(weakest, 1)).toEqual({ x: place("layer1/7").x, y: place("layer1/7").y });
    expect(pointOf(weakest, 0.5).y).toBeCloseTo((place("layer0/5").y + place("layer1/7").y) / 2);
  });

  test("puts long rows further apart", () => {
    const nodes = Array.from({ length: 60 }, (_, channel) => node(2, channel, channel, 1));
    const { bounds } = layOut({ ...GRAPH, nodes, edges: [] }, USUAL);
    expect((bounds.right - bounds.left) / (bounds.bottom - bounds.top)).toBeLessThan(4);
    expect(plan.rows[1]?.y).toBe(ROW);
  });

  test("keeps sizes when only a part is drawn", () => {
    const part = layOut(limited(GRAPH, { least: 0, mass: 0.3 }), USUAL, GRAPH);
    for (const one of part.nodes) expect(one.side).toBe(place(one.node.neuron).side);
  });

  test("has rows for layers without neurons, and draws a graph without any", () => {
    const empty = layOut({ ...GRAPH, nodes: [], edges: [] }, USUAL);
    expect(empty.rows).toHaveLength(3);
    expect(empty.nodes).toEqual([]);
  });

  test("leads the arrow keys from neuron to neuron", () => {
    const from = place("layer1/7");
    expect(neighbour(plan.nodes, from, "ArrowUp")?.node.neuron).toBe("layer2/9");
    expect(neighbour(plan.nodes, from, "ArrowDown")?.node.layer_index).toBe(0);
    expect(neighbour(plan.nodes, from, "ArrowLeft")).toBeNull();
    expect(neighbour(plan.nodes, place("layer2/9"), "ArrowRight")?.node.neuron).toBe("layer2/4");
    expect(neighbour(plan.nodes, from, "Enter")).toBeNull();
  });
});

describe("strength", () => {
  test("is the share; the count for all where one share is unknown", () => {
    expect(strengthOf(GRAPH).isShare).toBe(true);
    const [first, ...rest] = GRAPH.nodes;
    if (first === undefined) throw new Error("no node");
    const unknown = { ...GRAPH, nodes: [{ ...first, share: null }, ...rest] };
    expect(strengthOf(unknown).isShare).toBe(false);
    expect(rest.map(strengthOf(unknown).of)).toEqual(rest.map((one) => one.count));
  });
});

describe("the reader's limits", () => {
  const kept = (limits: { least: number; mass: number }) => limited(GRAPH, limits).nodes.map((one) => one.neuron);

  test("leave everything at first", () => {
    expect(limited(GRAPH, { least: 0, mass: 1 })).toBe(GRAPH);
  });

  test("keep neurons of at least the share, and edges between them", () => {
    const part = limited(GRAPH, { least: 0.36, mass: 1 });
    expect(part.nodes.map((one) => one.neuron)).toEqual(["layer0/5", "layer1/7", "layer2/9", "layer2/4"]);
    expect(part.edges.map((edge) => edge.count)).toEqual([10, 30]);
  });

  test("keep of each layer the smallest set that holds the importance, ties to the lower channel", () => {
    // Importances: layer 0: 100, 25; layer 1: 64; layer 2: 4, 36, 36.
    expect(kept({ least: 0, mass: 0.8 })).toEqual(["layer0/5", "layer1/7", "layer2/9", "layer2/4"]);
    expect(kept({ least: 0, mass: 0.4 })).toEqual(["layer0/5", "layer1/7", "layer2/4"]);
    expect(kept({ least: 0, mass: 0 })).toEqual([]);
  });
});

describe("a card", () => {
  const tile = { left: 300, top: 200, width: 40, height: 40 };
  const size = { width: 200, height: 120 };
  const room = { width: 800, height: 600 };
  const covers = ({ left, top }: { left: number; top: number }, box: typeof tile) =>
    left < box.left + box.width &&
    box.left < left + size.width &&
    top < box.top + box.height &&
    box.top < top + size.height;

  test("stands right of its tile, and left of it at the right end", () => {
    expect(placed(tile, size, room, [])).toEqual({ left: 352, top: 160 });
    const last = { ...tile, left: 750 };
    expect(placed(last, size, room, []).left).toBe(750 - 12 - 200);
  });

  test("covers neither its tile nor those that it has edges with, and stays inside", () => {
    const others = [250, 350, 450, 550].flatMap((left) => [100, 300].map((top) => ({ ...tile, left, top })));
    const place = placed(tile, size, room, others);
    for (const box of [tile, ...others]) expect(covers(place, box)).toBe(false);
    expect(place.left).toBeGreaterThanOrEqual(0);
    expect(place.left + size.width).toBeLessThanOrEqual(room.width);
  });

  test("takes the best place where every place covers something", () => {
    const small = placed(tile, size, { width: 210, height: 130 }, []);
    expect(small).toEqual({ left: 6, top: 6 });
  });
});
