// The same graph as two tables, neurons and edges, which sort by any column.

import { element } from "./elements.js";
import { asCount, asImportance, asShare, plural } from "./figures.js";

const byLayer = (one, other) => other.layer_index - one.layer_index || other.count - one.count || one.channel - other.channel;

const NEURON_COLUMNS = [
  { title: "Neuron", value: (node) => node.neuron, text: String, order: byLayer },
  { title: "Count", value: (node) => node.count, text: asCount },
  { title: "Share", value: (node) => node.share, text: asShare },
  { title: "Importance", value: (node) => node.importance, text: asImportance },
];
const EDGE_COLUMNS = [
  { title: "From", value: (edge) => edge.source, text: String },
  { title: "To", value: (edge) => edge.target, text: String },
  { title: "Count", value: (edge) => edge.count, text: asCount },
  { title: "Share", value: (edge) => edge.share, text: asShare },
];

/** Shows a graph's neurons or edges; `onPoint` and `onPick` are told the neuron of a row (of an edge: where it goes). */
export class Tables {
  constructor(container, { onPoint, onPick }) {
    this.container = container;
    this.onPoint = onPoint;
    this.onPick = onPick;
    this.kind = "neurons";
    this.sorting = { neurons: { column: 0, descending: false }, edges: { column: 2, descending: true } };
    this.lit = null;
  }

  show(graph) {
    this.graph = graph;
    this.draw();
  }

  clear() {
    this.graph = undefined;
    this.container.replaceChildren();
  }

  draw() {
    const isNeurons = this.kind === "neurons";
    const all = isNeurons ? this.graph.nodes : this.graph.edges;
    const columns = (isNeurons ? NEURON_COLUMNS : EDGE_COLUMNS).filter((column) => all.some((item) => column.value(item) !== null));
    const items = sorted(all, columns, this.sorting[this.kind]);
    const head = element("tr", {}, ...columns.map((column, index) => this.heading(column, index)));
    this.rows = items.map((item) => this.row(item, columns, isNeurons ? item.neuron : item.target));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...this.rows));
    const scroller = element("div", { className: "scroller", tabIndex: 0, role: "region", "aria-label": `Table of ${this.kind}` }, table);
    const tabs = element(
      "div",
      { className: "tabs", role: "group", "aria-label": "Which table" },
      this.tab("neurons", plural(this.graph.nodes.length, "neuron")),
      this.tab("edges", plural(this.graph.edges.length, "edge")),
    );
    this.container.replaceChildren(tabs, scroller);
    this.light(this.lit);
  }

  tab(kind, title) {
    const choose = () => {
      this.kind = kind;
      this.draw();
      this.container.querySelector('[aria-pressed="true"]').focus();
    };
    return element("button", { type: "button", onclick: choose, "aria-pressed": String(this.kind === kind) }, title);
  }

  heading(column, index) {
    const sorting = this.sorting[this.kind];
    const isSorted = sorting.column === index;
    const sort = () => {
      const descending = isSorted ? !sorting.descending : column.text !== String;
      this.sorting[this.kind] = { column: index, descending };
      this.draw();
      this.container.querySelectorAll("th button")[index].focus();
    };
    const direction = sorting.descending ? "descending" : "ascending";
    const button = element("button", { type: "button", onclick: sort }, column.title);
    return element("th", { scope: "col", "aria-sort": isSorted ? direction : "none" }, button);
  }

  row(item, columns, neuron) {
    const cells = columns.map((column, index) => {
      const text = column.text(column.value(item));
      if (column.text !== String) return element("td", { className: "number" }, text);
      const pick = element("button", { type: "button", className: "id", onclick: () => this.onPick(column.value(item)) }, text);
      return element(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, pick);
    });
    const row = element("tr", {}, ...cells);
    row.dataset.neuron = neuron;
    if (item.source !== undefined) row.dataset.source = item.source;
    row.addEventListener("pointerenter", () => this.onPoint(neuron));
    row.addEventListener("pointerleave", () => this.onPoint(null));
    return row;
  }

  /** Scrolls a neuron's row into sight. */
  reveal(neuron) {
    this.rows?.find((row) => row.dataset.neuron === neuron)?.scrollIntoView({ block: "nearest" });
  }

  /** Marks the rows of a neuron. */
  light(neuron) {
    this.lit = neuron;
    for (const row of this.rows ?? []) {
      const isMarked = neuron !== null && (row.dataset.neuron === neuron || row.dataset.source === neuron);
      row.classList.toggle("lit", isMarked);
    }
  }
}

function sorted(items, columns, { column, descending }) {
  const { value, order } = columns[column];
  const compare = order ?? ((one, other) => compared(value(one), value(other)));
  // The tie-break is the service's own order, which is total.
  return [...items].sort((one, other) => (descending ? compare(other, one) : compare(one, other)));
}

function compared(one, other) {
  if (typeof one === "string") return one.localeCompare(other, "en", { numeric: true });
  return (one ?? -1) - (other ?? -1);
}
