// The page: one run, one of its classes, the class's attribution graph.

import { readAddress, writeAddress } from "./address.js";
import { Drawing } from "./drawing.js";
import { element } from "./elements.js";
import { asShare, plural } from "./figures.js";
import { NoGraph, NothingLoaded, showMessage } from "./messages.js";
import { showPanel } from "./panel.js";
import { Picker } from "./picker.js";
import { get, getAllRows } from "./service.js";
import { Tables } from "./tables.js";

const place = (id) => document.getElementById(id);

/** What is shown: the runs, the run whose classes the picker offers, the class's graph, the neuron that was clicked. */
const shown = { runs: [], run: null, graph: null, pinned: null };
let asking = new AbortController();

const drawing = new Drawing(place("canvas"), { onPoint: point, onPick: pick });
const tables = new Tables(place("tables"), { onPoint: point, onPick: pick });
const picker = new Picker(place("picker"), { onChoose: (number) => go({ class: number, neuron: null }) });

/** Goes to another view; what is not named stays. */
function go(change) {
  writeAddress({ run: shown.run, class: shown.graph?.class, neuron: shown.pinned, ...change });
  show();
}

/** Shows what the address says. An answer that comes after the reader has gone on is dropped. */
async function show() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const wanted = readAddress();
  document.body.setAttribute("aria-busy", "true");
  try {
    await showRun(wanted, signal);
    await showGraph(wanted, signal);
    showMessage(place("message"), null, {});
    document.body.classList.remove("failed");
  } catch (error) {
    if (error.name === "AbortError") return;
    showError(error);
  }
  document.body.setAttribute("aria-busy", "false");
}

async function showRun(wanted, signal) {
  if (shown.run !== null && (wanted.run === null || wanted.run === shown.run)) return;
  shown.runs = (await get("runs", {}, signal)).runs;
  if (shown.runs.length === 0) throw new NothingLoaded();
  const { run } = await get("queries/classes", { run: wanted.run, limit: 1 }, signal);
  picker.offer(await getAllRows("classes", { run }, signal));
  shown.run = run;
  showRuns();
}

async function showGraph(wanted, signal) {
  const graph = await get("graph", { run: shown.run, class: classToAsk(wanted.class) }, signal);
  const isOther = graph.run !== shown.graph?.run || graph.class !== shown.graph?.class;
  shown.graph = graph;
  picker.choose(graph.class);
  showHeading(graph);
  if (graph.nodes.length === 0) throw new NoGraph();
  if (isOther) {
    drawing.show(graph);
    tables.show(graph);
  }
  shown.pinned = drawing.has(wanted.neuron) ? wanted.neuron : null;
  writeAddress({ run: graph.run, class: graph.class, neuron: shown.pinned }, { replace: true });
  drawing.pin(shown.pinned);
  point(null);
}

/** A number is asked for by the class's id, since another class may be called so; a name as it is; nothing: the first. */
function classToAsk(wanted) {
  const number = wanted === null ? picker.classes[0]?.class : Number(wanted);
  return picker.find(number) === null ? wanted : `${shown.run}/${number}`;
}

/** The run's name, or a choice of them; the model and data set it is of. */
function showRuns() {
  const run = shown.runs.find((candidate) => candidate.run === shown.run);
  const names = shown.runs.map(({ run: id, name }) => element("option", { value: id, selected: id === shown.run }, name));
  const choice = element("select", { "aria-label": "Run", onchange: () => go({ run: choice.value, class: null, neuron: null }) }, ...names);
  const name = shown.runs.length > 1 ? choice : element("b", {}, run.name);
  place("run").replaceChildren(name, element("span", {}, `${run.model} · ${run.dataset}`));
}

function showHeading(graph) {
  const { name, images, accuracy } = picker.chosen;
  const { importance } = graph.kept;
  const figures = [
    `class ${graph.class}`,
    images === null ? null : plural(images, "image"),
    accuracy === null ? null : `${asShare(accuracy)} right`,
    plural(graph.nodes.length, "neuron"),
    plural(graph.edges.length, "edge"),
    importance === null ? null : `${asShare(importance)} of the importance shown`,
  ];
  place("class-name").textContent = name;
  place("class-figures").textContent = figures.filter((figure) => figure !== null).join(" · ");
  document.title = `${name} – summit-graph`;
}

/** Shows an error in the picture's place. */
function showError(error) {
  drawing.clear();
  tables.clear();
  place("panel").replaceChildren();
  if (!(error instanceof NoGraph)) {
    shown.graph = null;
    place("class-name").textContent = "";
    place("class-figures").textContent = "";
    picker.choose(null);
  }
  document.body.classList.add("failed");
  showMessage(place("message"), error, { onClass: (name) => go({ class: name, neuron: null }), onRetry: show });
}

/** The pointer or the focus is on a neuron; null: on none, and the pinned one is lit again. */
function point(neuron) {
  if (shown.graph === null) return;
  const lit = neuron ?? shown.pinned;
  drawing.light(lit);
  tables.light(lit);
  showPanel(place("panel"), { graph: shown.graph, images: picker.chosen.images, neuron: lit }, pick);
}

/** A neuron was clicked: it stays lit, and in the address; clicked again, it is let go. */
function pick(neuron) {
  shown.pinned = neuron === shown.pinned ? null : neuron;
  writeAddress({ run: shown.run, class: shown.graph.class, neuron: shown.pinned }, { replace: true });
  drawing.pin(shown.pinned);
  point(null);
  tables.reveal(shown.pinned);
}

window.addEventListener("popstate", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && shown.pinned !== null) pick(null);
});
show();
