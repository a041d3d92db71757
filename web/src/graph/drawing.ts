// The picture of an attribution graph: edges on a canvas, tiles as SVG above, one zoom for both.

import { select } from "d3-selection";
import { type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import type { Box } from "./beside";
import { Edges, type Lit } from "./edges";
import type { PlacedEdge, PlacedNode, Plan } from "./layout";
import { TilePictures } from "./tile_pictures";
import { drawn, neighbour, rowLabel, tile } from "./tiles";

const ZOOM = { lowest: 0.01, highest: 6 };
/** Rows' names come no closer; where rows do, some are left unnamed. */
const LABEL_PX = 10;
/** What is free of tiles at first: at the left for the rows' names. */
const MARGIN = { left: 118, right: 20, top: 16, bottom: 34 };
/** A graph of few rows is not blown up beyond this. */
const LARGEST_FIT = 2;

export interface DrawingCalls {
  onPointNeuron: (neuron: string | null) => void;
  onPointEdge: (edge: PlacedEdge | null) => void;
  /** `alone`: without the others that are pinned. */
  onPick: (neuron: string, alone: boolean) => void;
  onRelease: () => void;
}

export class Drawing {
  private readonly canvas = document.createElement("canvas");
  private readonly scene = drawn("g", { class: "scene" });
  private readonly labels = drawn("g", { class: "labels" });
  private readonly svg: SVGSVGElement;
  private readonly edges = new Edges(this.canvas);
  private readonly pictures = new TilePictures(this.canvas, () => this.schedule());
  private readonly zooming: ZoomBehavior<SVGSVGElement, unknown>;
  private readonly observer: ResizeObserver;
  private readonly tiles = new Map<string, SVGGElement>();
  private transform: ZoomTransform = zoomIdentity;
  private plan: Plan | null = null;
  private lit: Lit = { neuron: null, edge: null, chains: new Set() };
  /** The tiles that are not dimmed; null: none is. */
  private bright: ReadonlySet<string> | null = null;
  private frame = 0;
  private isFitted = true;

  constructor(
    private readonly box: HTMLElement,
    private readonly calls: DrawingCalls,
  ) {
    this.svg = drawn("svg", { class: "tiles", role: "group" }, this.scene, this.labels);
    box.append(this.canvas, this.svg);
    this.zooming = zoom<SVGSVGElement, unknown>()
      .scaleExtent([ZOOM.lowest, ZOOM.highest])
      // Said here, because the browser cannot say it of an SVG that is sized by the stylesheet and just being taken away.
      .extent(() => [
        [0, 0],
        [box.clientWidth, box.clientHeight],
      ])
      // Where the page itself scrolls, the wheel is the page's, unless Control is held.
      .filter((event: MouseEvent) => !event.button && (event.type !== "wheel" || event.ctrlKey || !pageScrolls()))
      .on("zoom", ({ transform, sourceEvent }) => {
        if (sourceEvent) this.isFitted = false;
        this.transform = transform;
        this.schedule();
      });
    select(this.svg)
      .call(this.zooming)
      .on("dblclick.zoom", null)
      .on("pointermove", (event: PointerEvent) => this.point(event))
      .on("pointerleave", () => this.calls.onPointEdge(null))
      .on("click", (event: MouseEvent) => this.click(event))
      .on("keydown", (event: KeyboardEvent) => this.key(event));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(box);
  }

  /** Draws a plan; `keepZoom` where it is the same graph in another shape. */
  show(plan: Plan, keepZoom: boolean): void {
    const focused = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>(".node")?.dataset.neuron;
    this.plan = plan;
    this.tiles.clear();
    for (const place of plan.nodes)
      this.tiles.set(place.node.neuron, this.listening(tile(place, place.node.pictures !== null), place.node.neuron));
    this.scene.replaceChildren(...this.tiles.values());
    this.labels.replaceChildren(...plan.rows.map(rowLabel));
    this.edges.place(plan.edges);
    this.pictures.place(plan.nodes, plan.atlas);
    this.svg.setAttribute(
      "aria-label",
      `Attribution graph: ${plan.nodes.length} neurons in ${plan.rows.length} rows, the last layer on top, and ${plan.edges.length} edges; arrow keys go from neuron to neuron`,
    );
    this.makeTabStop(focused !== undefined && this.tiles.has(focused) ? focused : plan.nodes[0]?.node.neuron);
    if (focused !== undefined) this.tiles.get(focused)?.focus({ preventScroll: true });
    if (!keepZoom || this.isFitted) this.fit();
    else this.schedule();
    this.light(this.lit);
  }

  /** Lights what belongs to the neuron or edge pointed at, and the chains of the pinned ones. */
  light(lit: Lit): void {
    this.lit = lit;
    const inputs = new Set<string>();
    const outputs = new Set<string>();
    for (const { edge } of this.plan?.edges ?? []) {
      if (edge.target === lit.neuron) inputs.add(edge.source);
      if (edge.source === lit.neuron) outputs.add(edge.target);
    }
    const ends = lit.edge === null ? [] : [lit.edge.edge.source, lit.edge.edge.target];
    const isLit = lit.neuron !== null || lit.edge !== null;
    this.bright = isLit ? new Set([...inputs, ...outputs, ...ends, lit.neuron ?? ""]) : null;
    for (const [name, group] of this.tiles) {
      group.classList.toggle("pointed", name === lit.neuron || ends.includes(name));
      group.classList.toggle("input", inputs.has(name));
      group.classList.toggle("output", outputs.has(name));
    }
    this.svg.classList.toggle("lit", isLit);
    this.schedule();
  }

  pin(pins: readonly string[]): void {
    for (const [name, group] of this.tiles) {
      group.classList.toggle("pinned", pins.includes(name));
      group.setAttribute("aria-pressed", String(pins.includes(name)));
    }
    const latest = pins.findLast((pin) => this.tiles.has(pin));
    if (latest !== undefined && !this.svg.contains(document.activeElement)) this.makeTabStop(latest);
  }

  /** The tile's box, in pixels of the drawing's own box; null where it is not drawn. */
  boxOf(neuron: string): Box | null {
    const place = this.plan?.nodes.find(({ node }) => node.neuron === neuron);
    if (place === undefined) return null;
    const [x, y] = this.transform.apply([place.x, place.y]);
    const side = place.side * this.transform.k;
    return { left: x - side / 2, top: y - side / 2, width: side, height: side };
  }

  /** The boxes of the neurons that a neuron has edges with. */
  boxesAround(neuron: string): Box[] {
    const names = (this.plan?.edges ?? []).flatMap(({ edge: { source, target } }) =>
      source === neuron ? [target] : target === neuron ? [source] : [],
    );
    return names.map((name) => this.boxOf(name)).filter((box) => box !== null);
  }

  get size(): { width: number; height: number } {
    return { width: this.box.clientWidth, height: this.box.clientHeight };
  }

  /** Shows the whole graph, as large as it can be. */
  fit(): void {
    if (this.plan === null) return;
    const { left, right, top, bottom } = this.plan.bounds;
    const room = {
      width: Math.max(60, this.box.clientWidth - MARGIN.left - MARGIN.right),
      height: Math.max(60, this.box.clientHeight - MARGIN.top - MARGIN.bottom),
    };
    const scale = Math.min(room.width / (right - left), room.height / (bottom - top), LARGEST_FIT);
    const x = MARGIN.left + room.width / 2 - ((left + right) / 2) * scale;
    const y = MARGIN.top + room.height / 2 - ((top + bottom) / 2) * scale;
    select(this.svg).call(this.zooming.transform, zoomIdentity.translate(x, y).scale(scale));
    this.isFitted = true;
  }

  zoomBy(factor: number): void {
    select(this.svg).call(this.zooming.scaleBy, factor);
    this.isFitted = false;
  }

  redraw(): void {
    this.schedule();
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.box.replaceChildren();
  }

  private listening(group: SVGGElement, neuron: string): SVGGElement {
    group.addEventListener("pointerenter", () => this.calls.onPointNeuron(neuron));
    group.addEventListener("pointerleave", () => this.calls.onPointNeuron(null));
    group.addEventListener("focus", () => {
      this.calls.onPointNeuron(neuron);
      this.reveal(neuron);
    });
    group.addEventListener("blur", () => this.calls.onPointNeuron(null));
    return group;
  }

  /** Moves the drawing so that a tile that the keyboard came to is in sight. */
  private reveal(neuron: string): void {
    const place = this.boxOf(neuron);
    if (place === null) return;
    const beyond = (from: number, to: number, low: number, high: number) =>
      from < low ? low - from : to > high ? high - to : 0;
    const x = beyond(place.left - 4, place.left + place.width + 4, MARGIN.left, this.box.clientWidth);
    const y = beyond(place.top - 4, place.top + place.height + 4, 0, this.box.clientHeight);
    if (x !== 0 || y !== 0) select(this.svg).call(this.zooming.translateBy, x / this.transform.k, y / this.transform.k);
  }

  private point(event: PointerEvent): void {
    if (event.buttons !== 0 || (event.target as Element).closest(".node") !== null) {
      this.calls.onPointEdge(null);
      return;
    }
    const box = this.svg.getBoundingClientRect();
    const [x, y] = this.transform.invert([event.clientX - box.left, event.clientY - box.top]);
    this.calls.onPointEdge(this.edges.at(x, y, this.transform.k));
  }

  private click(event: MouseEvent): void {
    const neuron = (event.target as Element).closest<SVGGElement>(".node")?.dataset.neuron;
    if (neuron === undefined) this.calls.onRelease();
    else this.calls.onPick(neuron, !(event.ctrlKey || event.metaKey || event.shiftKey));
  }

  private key(event: KeyboardEvent): void {
    const neuron = (event.target as Element).closest<SVGGElement>(".node")?.dataset.neuron;
    const from = this.plan?.nodes.find(({ node }) => node.neuron === neuron);
    if (neuron === undefined || from === undefined || this.plan === null) return;
    const next: PlacedNode | null = neighbour(this.plan.nodes, from, event.key);
    if (next !== null) {
      this.makeTabStop(next.node.neuron);
      this.tiles.get(next.node.neuron)?.focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === " ") {
      this.calls.onPick(neuron, !(event.ctrlKey || event.metaKey || event.shiftKey));
    } else if (event.key === "Escape") this.calls.onRelease();
    else if (event.key === "+") this.zoomBy(1.3);
    else if (event.key === "-") this.zoomBy(1 / 1.3);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  /** One tile is in the tab order; the arrow keys go on from it. */
  private makeTabStop(neuron: string | undefined): void {
    for (const [name, group] of this.tiles) group.setAttribute("tabindex", name === neuron ? "0" : "-1");
  }

  private resize(): void {
    const sharpness = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.box.clientWidth * sharpness);
    this.canvas.height = Math.round(this.box.clientHeight * sharpness);
    if (this.isFitted) this.fit();
    this.draw();
  }

  private schedule(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { k, x, y } = this.transform;
    this.scene.setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
    const distance = this.plan === null ? 0 : rowDistance(this.plan) * k;
    const every = Math.ceil(LABEL_PX / Math.max(distance, 0.1));
    this.plan?.rows.forEach((row, index) => {
      const label = this.labels.children[index];
      label?.setAttribute("transform", `translate(0 ${row.y * k + y})`);
      label?.classList.toggle("unnamed", index % every !== 0);
    });
    this.labels.classList.toggle("dense", distance < 34);
    this.edges.draw(this.transform, this.lit);
    this.pictures.draw(this.transform, this.bright);
  }
}

function rowDistance(plan: Plan): number {
  const [first, second] = plan.rows;
  return first === undefined || second === undefined ? Number.POSITIVE_INFINITY : second.y - first.y;
}

function pageScrolls(): boolean {
  const page = document.documentElement;
  return page.scrollHeight > page.clientHeight + 1;
}
