// The edges, on one canvas under the tiles: hundreds of curves are redrawn at every frame of a zoom.

import { type Quadtree, quadtree } from "d3-quadtree";
import type { ZoomTransform } from "d3-zoom";
import { colours } from "../style/colours";
import { curveOf, type PlacedEdge, pointOf } from "./layout";

const WIDTHS = 10;
/** Points of each curve that are searched when the pointer moves. */
const SAMPLES = 20;
const REACH_PX = 7;
const DASH = { on: 12, off: 5 };

export interface Lit {
  /** The neuron whose inputs and outputs are lit. */
  neuron: string | null;
  edge: PlacedEdge | null;
  /** Edges of the chains of pinned neurons, as "source target". */
  chains: ReadonlySet<string>;
}

interface Sample {
  edge: PlacedEdge;
  x: number;
  y: number;
}

export class Edges {
  private edges: readonly PlacedEdge[] = [];
  private groups: { width: number; path: Path2D }[] = [];
  private samples: Quadtree<Sample> | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  place(edges: readonly PlacedEdge[]): void {
    this.edges = edges;
    this.samples = null;
    this.groups = grouped(edges);
    this.canvas.dataset.edges = String(edges.length);
  }

  draw(transform: ZoomTransform, lit: Lit): void {
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    const sharpness = window.devicePixelRatio || 1;
    const palette = colours(this.canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(
      sharpness * transform.k,
      0,
      0,
      sharpness * transform.k,
      sharpness * transform.x,
      sharpness * transform.y,
    );
    const isDimmed = lit.neuron !== null || lit.edge !== null;
    context.globalAlpha = isDimmed ? 0.13 : 0.36;
    context.strokeStyle = palette.edge;
    for (const { width, path } of this.groups) {
      context.lineWidth = width;
      context.stroke(path);
    }
    for (const edge of this.edges) {
      const colour = colourOf(edge, lit, palette);
      if (colour === null) continue;
      context.globalAlpha = colour === palette.chain && isDimmed ? 0.3 : 0.9;
      context.strokeStyle = colour;
      context.lineWidth = Math.max(edge.width, 1.6);
      // Not by colour alone: outputs are dashed.
      context.setLineDash(colour === palette.output ? [DASH.on, DASH.off] : []);
      context.stroke(pathOf([edge]));
      context.setLineDash([]);
    }
  }

  /** The edge at a place of the drawing; `zoom` is how large it is seen. */
  at(x: number, y: number, zoom: number): PlacedEdge | null {
    this.samples ??= sampled(this.edges);
    return this.samples.find(x, y, Math.max(REACH_PX / zoom, 4))?.edge ?? null;
  }
}

export function keyOf(edge: { source: string; target: string }): string {
  return `${edge.source} ${edge.target}`;
}

function colourOf(edge: PlacedEdge, lit: Lit, palette: ReturnType<typeof colours>): string | null {
  if (edge === lit.edge) return palette.input;
  if (lit.neuron !== null && edge.edge.target === lit.neuron) return palette.input;
  if (lit.neuron !== null && edge.edge.source === lit.neuron) return palette.output;
  return lit.chains.has(keyOf(edge.edge)) ? palette.chain : null;
}

/** Curves of nearly one width are stroked together. */
function grouped(edges: readonly PlacedEdge[]): { width: number; path: Path2D }[] {
  const widest = Math.max(...edges.map((edge) => edge.width), 1);
  const groups = new Map<number, PlacedEdge[]>();
  for (const edge of edges) {
    const group = Math.max(1, Math.round((edge.width / widest) * WIDTHS));
    const own = groups.get(group);
    if (own === undefined) groups.set(group, [edge]);
    else own.push(edge);
  }
  return [...groups]
    .sort(([one], [other]) => one - other)
    .map(([group, own]) => ({ width: (group / WIDTHS) * widest, path: pathOf(own) }));
}

function pathOf(edges: readonly PlacedEdge[]): Path2D {
  const path = new Path2D();
  for (const edge of edges) {
    const { x, y, bend } = curveOf(edge);
    path.moveTo(x[0], y[0]);
    path.bezierCurveTo(x[0], bend, x[1], bend, x[1], y[1]);
  }
  return path;
}

function sampled(edges: readonly PlacedEdge[]): Quadtree<Sample> {
  const samples = edges.flatMap((edge) =>
    Array.from({ length: SAMPLES }, (_, index) => ({ edge, ...pointOf(edge, (index + 1) / (SAMPLES + 1)) })),
  );
  return quadtree<Sample>(
    samples,
    (sample) => sample.x,
    (sample) => sample.y,
  );
}
