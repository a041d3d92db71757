// The picture of an attribution graph, as SVG: edges under tiles, a label for each row.

import { drawn, element } from "./elements.js";
import { asCount, asShare } from "./figures.js";
import { layOut } from "./layout.js";

/**
 * Draws one class's graph into a container, and lights what a neuron is joined to.
 *
 * `onPoint(neuron | null)` is called when the pointer or the keyboard's focus comes to a neuron or leaves it,
 * `onPick(neuron | null)` when one is clicked, or the ground between them.
 */
export class Drawing {
  constructor(container, { onPoint, onPick }) {
    this.container = container;
    this.onPoint = onPoint;
    this.onPick = onPick;
    this.graph = null;
    this.size = "";
    new ResizeObserver(() => this.redrawIfResized()).observe(container);
  }

  show(graph) {
    this.graph = graph;
    this.container.scrollTo(0, 0);
    this.draw();
  }

  clear() {
    this.graph = null;
    this.container.replaceChildren();
  }

  redrawIfResized() {
    const size = `${this.container.clientWidth}×${this.container.clientHeight}`;
    if (this.graph !== null && size !== this.size) {
      this.draw();
      this.light(this.lit ?? null);
    }
  }

  draw() {
    const available = { width: this.container.clientWidth, height: this.container.clientHeight };
    this.size = `${available.width}×${available.height}`;
    const plan = layOut(this.graph, available);
    this.places = new Map(plan.nodes.map((place) => [place.node.neuron, place]));
    this.tiles = new Map(plan.nodes.map((place) => [place.node.neuron, this.tile(place)]));
    this.curves = plan.edges.map(({ edge, path, width }) => ({
      edge,
      curve: drawn("path", {
        class: "edge",
        d: path,
        "stroke-width": width,
        "data-source": edge.source,
        "data-target": edge.target,
      }),
    }));
    const rules = plan.rows.map(({ y }) => drawn("line", { class: "rule", x1: 0, x2: plan.width, y1: y, y2: y }));
    const svg = drawn(
      "svg",
      { width: plan.width, height: plan.height, role: "group", "aria-label": "Layers as rows, the last on top" },
      drawn("g", { class: "rules" }, ...rules),
      drawn("g", { class: "edges" }, ...this.curves.map(({ curve }) => curve)),
      drawn("g", { class: "nodes" }, ...this.tiles.values()),
    );
    svg.addEventListener("click", (event) => {
      if (!event.target.closest(".node")) this.onPick(null);
    });
    svg.addEventListener("keydown", (event) => this.move(event));
    this.svg = svg;
    this.container.replaceChildren(labels(plan), svg);
    this.makeTabStop(plan.nodes.at(-1)?.node.neuron);
  }

  tile(place) {
    const { node, x, y, side } = place;
    const share = node.share === null ? "" : `, ${asShare(node.share)} of the class's images`;
    const group = drawn(
      "g",
      {
        class: "node",
        role: "button",
        tabindex: -1,
        transform: `translate(${x} ${y})`,
        "data-neuron": node.neuron,
        "aria-label": `${node.neuron}, count ${asCount(node.count)}${share}`,
      },
      drawn("rect", { x: -side / 2, y: -side / 2, width: side, height: side, rx: Math.min(8, side / 5) }),
      drawn("text", { "font-size": Math.min(13, (side / String(node.channel).length) * 1.32).toFixed(1) }, String(node.channel)),
    );
    group.addEventListener("pointerenter", () => this.onPoint(node.neuron));
    group.addEventListener("pointerleave", () => this.onPoint(null));
    group.addEventListener("focus", () => this.onPoint(node.neuron));
    group.addEventListener("blur", () => this.onPoint(null));
    group.addEventListener("click", () => this.onPick(node.neuron));
    return group;
  }

  /** Lights a neuron with its inputs and outputs; null puts the light out. */
  light(neuron) {
    this.lit = neuron;
    const inputs = new Set();
    const outputs = new Set();
    for (const { edge, curve } of this.curves ?? []) {
      const isInput = edge.target === neuron;
      const isOutput = edge.source === neuron;
      if (isInput) inputs.add(edge.source);
      if (isOutput) outputs.add(edge.target);
      curve.classList.toggle("input", isInput);
      curve.classList.toggle("output", isOutput);
    }
    for (const [name, tile] of this.tiles ?? []) {
      tile.classList.toggle("focus", name === neuron);
      tile.classList.toggle("input", inputs.has(name));
      tile.classList.toggle("output", outputs.has(name));
    }
    this.svg?.classList.toggle("lit", neuron !== null);
  }

  /** Marks the neuron that stays chosen while others are pointed at. */
  pin(neuron) {
    for (const [name, tile] of this.tiles ?? []) {
      tile.classList.toggle("pinned", name === neuron);
      tile.setAttribute("aria-pressed", String(name === neuron));
    }
    if (neuron !== null && this.tiles?.has(neuron)) this.makeTabStop(neuron);
  }

  has(neuron) {
    return this.tiles?.has(neuron) ?? false;
  }

  /** One tile is in the tab order; the arrow keys go on from it. */
  makeTabStop(neuron) {
    for (const [name, tile] of this.tiles) tile.setAttribute("tabindex", name === neuron ? "0" : "-1");
  }

  move(event) {
    const here = event.target.closest(".node")?.dataset.neuron;
    if (here === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.onPick(here);
      return;
    }
    const next = this.neighbour(here, event.key);
    if (next === null) return;
    event.preventDefault();
    this.makeTabStop(next);
    this.tiles.get(next).focus();
  }

  /** The neuron beside this one in its row, or the closest one in the row above or below. */
  neighbour(neuron, key) {
    const { x, y } = this.places.get(neuron);
    const ahead = {
      ArrowLeft: (place) => place.y === y && place.x < x,
      ArrowRight: (place) => place.y === y && place.x > x,
      ArrowUp: (place) => place.y < y,
      ArrowDown: (place) => place.y > y,
    }[key];
    if (ahead === undefined) return null;
    const candidates = [...this.places.values()].filter(ahead);
    candidates.sort((one, other) => Math.abs(one.y - y) - Math.abs(other.y - y) || Math.abs(one.x - x) - Math.abs(other.x - x));
    return candidates[0]?.node.neuron ?? null;
  }
}

/** The rows' labels stand in a column of their own that stays when a wide graph is scrolled. */
function labels(plan) {
  const column = element("div", { className: "labels" });
  for (const { layer, y, nodes } of plan.rows) {
    const label = element(
      "div",
      { className: "label", title: layer.layer },
      element("span", { className: "layer" }, layer.layer),
      element("span", { className: "of" }, `${nodes.length} of ${asCount(layer.channels)}`),
    );
    label.style.top = `${y}px`;
    column.append(label);
  }
  return column;
}
