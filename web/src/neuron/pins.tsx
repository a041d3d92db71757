// The pinned neurons: what each is in this class, its strongest chains, and the other classes that use it.

import { useMemo } from "preact/hooks";
import { namesOf } from "../classes/names";
import { asCount, asShare, plural } from "../figures";
import { NodeFigures } from "../graph/card";
import { NeuronLink } from "../graph/tables";
import type { ClassRow, Graph, NeuronClassRow, PathRow } from "../service/answers";
import { useNavigation, ViewLink } from "../view/navigation";
import { withClass } from "../view/view";
import { NeuronPictures } from "./pictures";

export interface Chains {
  down: readonly PathRow[];
  up: readonly PathRow[];
}

export interface PinFacts {
  neuron: string;
  /** Null while they are not known yet; why they never will be is `problem`. */
  chains: Chains | null;
  classes: readonly NeuronClassRow[] | null;
  problem: string | null;
}

interface PinsProps {
  graph: Graph;
  of_class: ClassRow | null;
  classes: readonly ClassRow[];
  facts: readonly PinFacts[];
}

export function Pins({ graph, of_class, classes, facts }: PinsProps) {
  const names = useMemo(() => namesOf(classes), [classes]);
  const { go } = useNavigation();
  return (
    <aside class="pins" aria-label="Pinned neurons">
      {facts.map((fact) => (
        <Pin key={fact.neuron} {...{ fact, graph, of_class, names }} />
      ))}
      <button type="button" class="quiet" onClick={() => go({ pins: [] })}>
        Let go of {facts.length === 1 ? "it" : "all"}
      </button>
    </aside>
  );
}

const CLASSES_LISTED = 30;

interface PinProps {
  fact: PinFacts;
  graph: Graph;
  of_class: ClassRow | null;
  names: ReadonlyMap<number, string>;
}

function Pin({ fact, graph, of_class, names }: PinProps) {
  const node = graph.nodes.find((one) => one.neuron === fact.neuron);
  const others = (fact.classes ?? []).filter((row) => row.class !== graph.class);
  return (
    <section class="pin" aria-label={fact.neuron}>
      <h3>
        <span class="id">{fact.neuron}</span>
        <ViewLink class="open" to={(view) => ({ ...view, neuron: fact.neuron })}>
          Open neuron page
        </ViewLink>
      </h3>
      {node ? (
        <>
          <NodeFigures node={node} />
          {node.pictures && (
            <NeuronPictures neuron={fact.neuron} pictures={node.pictures} of_class={of_class?.name ?? null} />
          )}
        </>
      ) : (
        <p>
          Not in the graph of <bdi>{of_class?.name ?? graph.class}</bdi>.
        </p>
      )}
      {fact.problem !== null && <p class="none">{fact.problem}</p>}
      {node && fact.chains && (
        <>
          <ChainList title="Strongest chains down" chains={fact.chains.down} isShare={isShare(graph)} />
          <ChainList title="Strongest chains up" chains={fact.chains.up} isShare={isShare(graph)} />
        </>
      )}
      {fact.classes && (
        <>
          <h4>
            {others.length === 0 ? "No other class uses it" : `${plural(others.length, "other class")} that use it`}
          </h4>
          <ul class="links">
            {others.slice(0, CLASSES_LISTED).map((row) => (
              <li key={row.class}>
                <ViewLink to={(view) => ({ ...withClass(view, row.class), pins: [fact.neuron] })}>
                  <bdi>{names.get(row.class) ?? row.name}</bdi>
                </ViewLink>
                <span class="value">{row.share === null ? asCount(row.count) : asShare(row.share)}</span>
              </li>
            ))}
          </ul>
          {others.length > CLASSES_LISTED && <p class="none">The neuron page has all of them.</p>}
        </>
      )}
    </section>
  );
}

function ChainList({ title, chains, isShare }: { title: string; chains: readonly PathRow[]; isShare: boolean }) {
  return (
    <>
      <h4>{title}</h4>
      {chains.length === 0 && <p class="none">None: it has no such edge in this graph.</p>}
      <ol class="chains">
        {chains.map((row) => (
          <li key={row.rank}>
            <span class="chain">
              {(row.chain ?? []).map((neuron, index) => (
                <span key={neuron}>
                  {index > 0 && " → "}
                  <NeuronLink neuron={neuron} />
                </span>
              ))}
            </span>
            <span class="value" title="its weakest edge">
              {isShare ? asShare(row.strength) : asCount(row.strength)}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function isShare(graph: Graph): boolean {
  return graph.edges.every((edge) => edge.share !== null);
}
