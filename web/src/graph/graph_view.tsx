// One class's attribution graph: its heading, the reader's limits, and the graph as a picture or as tables.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Histogram } from "../classes/histogram";
import { asAccuracy, asCount, asShare, plural } from "../figures";
import type { ClassRow, Graph } from "../service/answers";
import { useNavigation } from "../view/navigation";
import { SHOWN, type Shown, withPin } from "../view/view";
import { Beside } from "./beside";
import { EdgeCard, NeuronCard } from "./card";
import { Controls } from "./controls";
import { Drawing } from "./drawing";
import type { PlacedEdge } from "./layout";
import { layOut } from "./layout";
import { limited } from "./strength";
import { GraphTables } from "./tables";

const SHOWN_TITLES: Record<Shown, string> = { picture: "Picture", neurons: "Neurons", edges: "Edges" };

interface GraphViewProps {
  graph: Graph;
  /** The class's row in the list; null where the list is not there yet. */
  of_class: ClassRow | null;
  highestBar: number;
  isOld: boolean;
  /** Edges of the pinned neurons' chains, as "source target". */
  chains: ReadonlySet<string>;
}

export function GraphView({ graph, of_class, highestBar, isOld, chains }: GraphViewProps) {
  const { view } = useNavigation();
  const part = useMemo(() => limited(graph, view), [graph, view.least, view.mass]);
  const isEmpty = graph.nodes.length === 0;
  return (
    <section class="graph" aria-label="Attribution graph" aria-busy={isOld}>
      <Heading {...{ graph, part, of_class, highestBar }} />
      {isEmpty && (
        <p class="message">
          This class has no attribution graph: none of its images was counted, or none of its neurons was selected.
        </p>
      )}
      {!isEmpty && view.shows === "picture" && (
        <>
          <Controls graph={graph} />
          <Picture {...{ graph, part, chains, name: of_class?.name ?? null }} />
        </>
      )}
      {!isEmpty && view.shows !== "picture" && <GraphTables graph={part} kind={view.shows} pins={view.pins} />}
    </section>
  );
}

interface HeadingProps {
  graph: Graph;
  part: Graph;
  of_class: ClassRow | null;
  highestBar: number;
}

function Heading({ graph, part, of_class, highestBar }: HeadingProps) {
  const { view, go } = useNavigation();
  const neurons = partOf(part.nodes.length, graph.nodes.length, "neuron");
  const edges = partOf(part.edges.length, graph.edges.length, "edge");
  const { importance, influence } = graph.kept;
  return (
    <div class="graph-heading">
      <div class="title">
        <h2 dir="auto">{of_class?.name ?? graph.class}</h2>
        <p>
          <span>No. {graph.class}</span>
          {of_class?.images !== null && of_class && <span>{plural(of_class.images, "image")}</span>}
          {of_class?.accuracy !== null && of_class && <span>{asAccuracy(of_class.accuracy)} right</span>}
          <span>{neurons}</span>
          <span>{edges}</span>
          {importance !== null && (
            <span title="What part of its layers' importance the graph's neurons hold, and of the influence its edges do">
              {asShare(importance)} of importance{influence === null ? "" : `, ${asShare(influence)} of influence`}
            </span>
          )}
        </p>
      </div>
      {of_class?.probabilities && (
        <div class="probabilities">
          <Histogram counts={of_class.probabilities} highest={highestBar} width={160} height={34} />
          <p aria-hidden="true">
            <span>0</span>
            <span>predicted probability</span>
            <span>1</span>
          </p>
        </div>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: three buttons, no form */}
      <div class="switch" role="group" aria-label="How the graph is shown">
        {SHOWN.map((shows) => (
          <button key={shows} type="button" aria-pressed={view.shows === shows} onClick={() => go({ shows })}>
            {SHOWN_TITLES[shows]}
          </button>
        ))}
      </div>
    </div>
  );
}

function partOf(part: number, whole: number, noun: string): string {
  return part === whole ? plural(whole, noun) : `${asCount(part)} of ${plural(whole, noun)}`;
}

interface PictureProps {
  graph: Graph;
  part: Graph;
  chains: ReadonlySet<string>;
  /** The class's. */
  name: string | null;
}

function Picture({ graph, part, chains, name }: PictureProps) {
  const { view, go } = useNavigation();
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const [neuron, setNeuron] = useState<string | null>(null);
  const [edge, setEdge] = useState<PlacedEdge | null>(null);
  const shown = useRef<Graph | null>(null);
  const calls = useRef({ go, setNeuron, setEdge });
  calls.current = { go, setNeuron, setEdge };
  // Layout effects: the heading never says another class than the picture shows.
  useLayoutEffect(() => {
    if (box.current === null) return;
    const made = new Drawing(box.current, {
      onPointNeuron: (pointed) => calls.current.setNeuron(pointed),
      onPointEdge: (pointed) => calls.current.setEdge(pointed),
      onPick: (picked, alone) => calls.current.go((before) => withPin(before, picked, alone)),
      onRelease: () => calls.current.go({ pins: [] }),
    });
    drawing.current = made;
    return () => {
      made.close();
      drawing.current = null;
    };
  }, []);
  const plan = useMemo(
    () => layOut(part, { rows: view.rows, columns: view.columns }, graph),
    [part, graph, view.rows, view.columns],
  );
  useLayoutEffect(() => {
    drawing.current?.show(plan, shown.current === graph);
    shown.current = graph;
    setNeuron(null);
    setEdge(null);
  }, [plan]);
  useLayoutEffect(() => drawing.current?.pin(view.pins), [view.pins, plan]);
  useLayoutEffect(
    () => drawing.current?.light({ neuron, edge: neuron === null ? edge : null, chains }),
    [neuron, edge, chains],
  );
  useLayoutEffect(() => drawing.current?.redraw(), [view.theme]);
  const node = neuron === null ? undefined : part.nodes.find((one) => one.neuron === neuron);
  return (
    <div class="picture">
      <div ref={box} class="drawing" />
      {node && (
        <Beside drawing={drawing.current} neuron={node.neuron}>
          <NeuronCard key={node.neuron} node={node} graph={part} of_class={name} />
        </Beside>
      )}
      {!node && edge && (
        <Beside drawing={drawing.current} neuron={edge.edge.target}>
          <EdgeCard edge={edge.edge} />
        </Beside>
      )}
      <div class="zoom">
        <button type="button" aria-label="Zoom in on the graph" onClick={() => drawing.current?.zoomBy(1.3)}>
          +
        </button>
        <button type="button" aria-label="Zoom out of the graph" onClick={() => drawing.current?.zoomBy(1 / 1.3)}>
          −
        </button>
        <button type="button" aria-label="Show the whole graph" onClick={() => drawing.current?.fit()}>
          ⤢
        </button>
      </div>
      <p class="legend">
        <span class="sign input" aria-hidden="true" /> inputs <span class="sign output" aria-hidden="true" /> outputs of
        the neuron pointed at
        <span class="more"> · larger tile: in more images · click keeps</span>
      </p>
    </div>
  );
}
