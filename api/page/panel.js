// What is known of one neuron in this class, and of the class where no neuron is pointed at.

import { element } from "./elements.js";
import { asCount, asImportance, asShare, strengthOf } from "./figures.js";

const LISTED = 12;

/** Fills the panel: with a neuron's figures, or with how to read the picture. */
export function showPanel(panel, { graph, images, neuron }, onPick) {
  const node = neuron === null ? undefined : graph.nodes.find((candidate) => candidate.neuron === neuron);
  panel.replaceChildren(...(node === undefined ? legend() : card(graph, images, node, onPick)));
}

function card(graph, images, node, onPick) {
  const strength = strengthOf(graph);
  const strongest = Math.max(...graph.edges.map(strength));
  const joined = (own, other) =>
    graph.edges
      .filter((edge) => edge[own] === node.neuron)
      .sort((one, two) => strength(two) - strength(one))
      .map((edge) => ({ neuron: edge[other], edge, part: strength(edge) / strongest }));
  return [
    element("h3", {}, element("span", { className: "id" }, node.neuron)),
    element(
      "dl",
      {},
      ...figure("Count", asCount(node.count), images ? `of ${asCount(images)} images` : "images"),
      ...figure("Share", asShare(node.share), node.share === null ? "images unknown" : "of the class's images"),
      ...figure("Importance", asImportance(node.importance), "by PageRank"),
    ),
    element(
      "div",
      { className: "joined" },
      list("Inputs", "input", joined("target", "source"), onPick),
      list("Outputs", "output", joined("source", "target"), onPick),
    ),
  ];
}

function figure(name, value, unit) {
  return [element("dt", {}, name), element("dd", {}, element("b", {}, value), element("small", {}, unit))];
}

function list(title, kind, entries, onPick) {
  const items = entries.slice(0, LISTED).map(({ neuron, edge, part }) => {
    const bar = element("span", { className: "bar" });
    bar.style.width = `${Math.round(part * 100)}%`;
    const figures = edge.share === null ? asCount(edge.count) : asShare(edge.share);
    const button = element(
      "button",
      { type: "button", className: "entry", onclick: () => onPick(neuron), title: `count ${asCount(edge.count)}` },
      element("span", { className: "id" }, neuron),
      element("span", { className: "value" }, figures),
      bar,
    );
    return element("li", {}, button);
  });
  const more = entries.length - LISTED;
  if (more > 0) items.push(element("li", { className: "more" }, `and ${more} more in the table of edges`));
  if (entries.length === 0) items.push(element("li", { className: "more" }, "none in this graph"));
  return element("div", { className: `list ${kind}` }, element("h4", {}, `${title} (${entries.length})`), element("ul", {}, ...items));
}

function legend() {
  return [
    element("h3", {}, "How to read it"),
    element("p", {}, "A row is a layer, the last on top; a tile is a neuron, with its channel's number."),
    element(
      "ul",
      { className: "legend" },
      entry("tiles", "Larger: a top channel in more of the class's images."),
      entry("lines", "Wider: in more images among the strongest inputs of the neuron above."),
      entry("inputs", "Inputs of the neuron pointed at."),
      entry("outputs", "Its outputs."),
    ),
    element("p", { className: "hint" }, "Click a neuron to keep its figures here. By keyboard: arrows move, Enter keeps, Escape lets go."),
  ];
}

function entry(kind, text) {
  return element("li", {}, element("span", { className: `sign ${kind}`, "aria-hidden": "true" }), text);
}
