// What is asked about pinned neurons.

import type { NeuronClassRow, PathRow } from "../service/answers";
import { Problem } from "../service/problem";
import type { Service } from "../service/service";
import type { Chains, PinFacts } from "./pins";

const CHAINS = 3;
const CLASSES = 10_000;

/** The facts of every pinned neuron, the latest first. One that the run does not have is answered with its problem. */
export function pinFacts(
  service: Service,
  run: string,
  of_class: number,
  pins: readonly string[],
  signal: AbortSignal,
): Promise<PinFacts[]> {
  return Promise.all([...pins].reverse().map((neuron) => factsOf(service, run, of_class, neuron, signal)));
}

async function factsOf(
  service: Service,
  run: string,
  of_class: number,
  neuron: string,
  signal: AbortSignal,
): Promise<PinFacts> {
  try {
    const [down, up, classes] = await Promise.all([
      service.query("widest_paths", { run, class: of_class, target: neuron, k: CHAINS }, signal),
      service.query("widest_paths", { run, class: of_class, source: neuron, k: CHAINS }, signal),
      service.query("neuron_classes", { run, neuron, limit: CLASSES }, signal),
    ]);
    const chains: Chains = { down: down.rows as PathRow[], up: up.rows as PathRow[] };
    return { neuron, chains, classes: classes.rows as NeuronClassRow[], problem: null };
  } catch (error) {
    // A neuron that is none is said in its own place; an outage is everybody's.
    if (!(error instanceof Problem) || error.isOutage) throw error;
    return { neuron, chains: null, classes: null, problem: error.message };
  }
}

/** The edges of all chains, as "source target". */
export function edgesOf(facts: readonly PinFacts[]): ReadonlySet<string> {
  const edges = new Set<string>();
  for (const { chains } of facts) {
    for (const { chain } of [...(chains?.down ?? []), ...(chains?.up ?? [])]) {
      for (const [index, target] of chain.slice(1).entries()) edges.add(`${chain[index]} ${target}`);
    }
  }
  return edges;
}
