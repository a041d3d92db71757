// The whole page: which questions the view asks, and which parts show their answers.

import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { ClassList } from "./classes/class_list";
import { highestBar } from "./classes/histogram";
import { useReturns } from "./connection";
import { Embedding } from "./embedding/embedding";
import { plural } from "./figures";
import { GraphView } from "./graph/graph_view";
import { Header } from "./header";
import { LayerStrip } from "./layers/layer_strip";
import { Loading, NoRuns, Outage, ProblemMessage } from "./messages";
import { edgesOf, pinFacts } from "./neuron/facts";
import { NeuronPage, neuronFacts } from "./neuron/neuron_page";
import { Pins } from "./neuron/pins";
import type { ClassRow, LayerRow, PositionRow, RunRow, SimilarityRow } from "./service/answers";
import { useAnswer } from "./service/asking";
import { Service } from "./service/service";
import { useNavigation } from "./view/navigation";
import { FIRST_VIEW, type View } from "./view/view";

const service = new Service();
const ALL_ROWS = 10_000;
const NO_CLASSES: readonly ClassRow[] = [];
const NO_LAYERS: readonly LayerRow[] = [];
const NO_RUNS: readonly RunRow[] = [];

export function Explorer() {
  const { view, go } = useNavigation();
  const [isOut, setIsOut] = useState(false);
  const returns = useReturns(service, isOut);
  const [pointed, setPointed] = useState<number | null>(null);
  const [shown, setShown] = useState<ReadonlySet<number>>(new Set());

  // What a run holds; where the address names none, the newest.
  const runs = useAnswer("runs", (signal) => service.runs(signal), returns);
  const isEmpty = runs.answer?.runs.length === 0 && view.run === null;
  const asked = view.run ?? runs.answer?.runs[0]?.run ?? null;
  const listed = runs.answer?.runs ?? NO_RUNS;
  const isListed = listed.some((one) => one.run === asked || one.name === asked);
  const named = useAnswer(
    runs.answer && asked !== null && !isListed ? `run named ${asked}` : null,
    (signal) => service.named(asked ?? "", signal),
    returns,
  );
  const of_run = isEmpty || asked === null ? null : `run ${asked}`;
  const classes = useAnswer(
    of_run && `classes of ${of_run}`,
    (signal) => service.query("classes", { run: asked }, signal),
    returns,
  );
  const layers = useAnswer(
    of_run && `layers of ${of_run}`,
    (signal) => service.query("layers", { run: asked }, signal),
    returns,
  );
  const class_rows = (classes.answer?.rows as ClassRow[] | undefined) ?? NO_CLASSES;
  const layer_rows = (layers.answer?.rows as LayerRow[] | undefined) ?? NO_LAYERS;
  const run = classes.isOld ? null : (classes.answer?.run ?? null);

  // What the view shows of it.
  const wanted = view.class ?? (run === null ? null : String(class_rows[0]?.class ?? ""));
  const graph = useAnswer(
    of_run && wanted ? `graph of ${wanted} of ${of_run}` : null,
    (signal) => service.graph(asked, wanted ?? "", signal),
    returns,
  );
  // A class asked for by its number is known before its graph is there, so that nothing else waits for that.
  const known = run === null ? undefined : class_rows.find((one) => String(one.class) === wanted);
  const number = known?.class ?? graph.answer?.class ?? null;
  const isNumbered = known !== undefined || !graph.isOld;
  const selected = class_rows.find((one) => one.class === number) ?? null;
  const drawn = class_rows.find((one) => one.class === graph.answer?.class) ?? null;
  const layer = layer_rows.find((one) => one.layer === view.layer)?.layer ?? layer_rows.at(-1)?.layer ?? null;
  const positions = useAnswer(
    run && layer && !layers.isOld ? `positions at ${layer} of ${run}` : null,
    (signal) => service.query("class_positions", { run, layer }, signal),
    returns,
  );
  const similar = useAnswer(
    run && layer && !layers.isOld && isNumbered && number !== null ? `like ${number} at ${layer} of ${run}` : null,
    (signal) => service.query("similar_classes", { run, class: number, layer, k: ALL_ROWS }, signal),
    returns,
  );
  const pins = useAnswer(
    run && number !== null && isNumbered && view.pins.length > 0
      ? `${view.pins.join(" ")} in ${number} of ${run}`
      : null,
    (signal) => pinFacts(service, run ?? "", number ?? 0, view.pins, signal),
    returns,
  );
  const neuron = useAnswer(
    run && view.neuron && isNumbered ? `neuron ${view.neuron} of ${run}, from ${number}` : null,
    (signal) => neuronFacts(service, run ?? "", view.neuron ?? "", number, signal),
    returns,
  );

  const similarities = useMemo(() => {
    const rows = similar.answer?.rows as SimilarityRow[] | undefined;
    if (rows === undefined || number === null) return new Map<number, number>();
    const known = new Map(rows.map((row) => [row.class, row.similarity ?? 0]));
    // The answer leaves out the class itself, and those that have no neuron with it in common.
    return new Map(class_rows.map((one) => [one.class, one.class === number ? 1 : (known.get(one.class) ?? 0)]));
  }, [similar.answer, class_rows, number]);
  const chains = useMemo(() => edgesOf(pins.answer ?? []), [pins.answer]);
  const highest = useMemo(() => highestBar(class_rows), [class_rows]);
  const onShow = useCallback((numbers: readonly number[]) => setShown(new Set(numbers)), []);

  const all = [runs, named, classes, layers, graph, positions, similar, pins, neuron];
  const isLoading = all.some((one) => one.isLoading);
  const outage = all.some((one) => one.problem?.isOutage);
  useEffect(() => setIsOut(outage), [outage]);
  // Layout effects: what is on the screen, and what is said of it, change at once.
  useLayoutEffect(() => {
    document.body.setAttribute("aria-busy", String(isLoading));
  }, [isLoading]);
  useLayoutEffect(() => {
    if (view.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = view.theme;
  }, [view.theme]);
  // The address says the run and the class that are shown, so that it can be passed on.
  useLayoutEffect(() => {
    if (run === null || graph.isOld || drawn === null) return;
    if (view.run === run && view.class === String(drawn.class)) return;
    go((before) => ({ ...before, run, class: String(drawn.class) }), "same");
  }, [run, drawn, graph.isOld, view.run, view.class, go]);
  const name = selected?.name ?? null;
  useEffect(() => {
    document.title = [view.neuron ?? name, "summit-graph"].filter((part) => part !== null).join(" · ");
  }, [name, view.neuron]);

  const all_runs = isListed ? listed : [...(named.answer?.rows ?? NO_RUNS), ...listed];
  const run_row = all_runs.find((one) => one.run === run || one.name === run) ?? null;
  const problem = [runs, classes, layers, graph, view.neuron ? neuron : positions].find(
    (one) => one.problem !== null && !one.problem.isOutage,
  )?.problem;
  const said =
    graph.answer && !graph.isOld
      ? `${drawn?.name ?? graph.answer.class}: ${plural(graph.answer.nodes.length, "neuron")}, ${plural(graph.answer.edges.length, "edge")}`
      : "";
  const hasPins = view.pins.length > 0 && view.neuron === null && !problem;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the graph
      </a>
      <Header runs={all_runs} run={run_row} layers={layer_rows} />
      {outage && <Outage />}
      {isEmpty && (
        <main id="main" tabIndex={-1}>
          <NoRuns />
        </main>
      )}
      {!isEmpty && (
        <div class={`rooms${hasPins ? " with-pins" : ""}`}>
          <aside class="left" aria-label="Layers and classes">
            <div class="space">
              <LayerStrip layers={layer_rows} selected={layer} />
              {layer && (
                <Embedding
                  layer={layer}
                  positions={(positions.answer?.rows as PositionRow[] | undefined) ?? null}
                  classes={class_rows}
                  selected={number}
                  pointed={pointed}
                  shown={shown}
                  isOld={positions.isOld}
                  onPoint={setPointed}
                />
              )}
            </div>
            <ClassList
              classes={class_rows}
              selected={selected}
              pointed={pointed}
              layer={layer}
              similarities={similarities}
              highestBar={highest}
              onShow={onShow}
              onPoint={setPointed}
            />
          </aside>
          <main id="main" tabIndex={-1}>
            {problem && <ProblemMessage problem={problem} to={nearest(view)} back={back} />}
            {!problem &&
              view.neuron !== null &&
              (neuron.answer && !neuron.isOld ? (
                <NeuronPage facts={neuron.answer} of_class={selected?.name ?? null} />
              ) : (
                <Loading of={view.neuron} />
              ))}
            {!problem && view.neuron === null && graph.answer && (
              <GraphView
                graph={graph.answer}
                of_class={drawn}
                highestBar={highest}
                isOld={graph.isOld}
                chains={chains}
              />
            )}
            {!problem && view.neuron === null && !graph.answer && <Loading of="the attribution graph" />}
          </main>
          {hasPins && graph.answer && (
            <Pins
              graph={graph.answer}
              of_class={drawn}
              classes={class_rows}
              facts={
                pins.isOld && pins.answer === null
                  ? view.pins.map((pin) => ({ neuron: pin, chains: null, classes: null, problem: null }))
                  : (pins.answer ?? [])
              }
            />
          )}
        </div>
      )}
      <p class="spoken" role="status">
        {said}
      </p>
    </>
  );
}

/** A name that the service offered instead of the one that it does not know, put in that one's place. */
function nearest(view: View): (name: string) => (before: View) => View {
  return (name) => (before) => {
    if (view.neuron === null) return { ...before, class: name };
    // Of a layer that is none the nearest is a layer: the channel stays.
    const channel = view.neuron.slice(view.neuron.lastIndexOf("/") + 1);
    return { ...before, neuron: name.includes("/") ? name : `${name}/${channel}` };
  };
}

function back(view: View): View {
  return { ...FIRST_VIEW, theme: view.theme };
}
