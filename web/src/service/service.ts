// Asking the service. Addresses are relative, so that the page works under any path of a proxy.

import type { Graph, Pictures, QueryAnswer, QueryName, RunRow } from "./answers";
import { Problem, problemOf } from "./problem";

export type Values = Record<string, string | number | null | undefined>;

/** Answers kept; runs never change, so an answer stays right, and the oldest goes when there are more. */
const KEPT = 64;

/** The service, with the answers that it gave last. */
export class Service {
  private readonly answers = new Map<string, unknown>();

  /** The answer to a GET. Raises Problem, or the signal's AbortError. */
  async get<Answer>(path: string, values: Values, signal: AbortSignal): Promise<Answer> {
    const asked = address(path, values);
    const known = this.answers.get(asked);
    if (known !== undefined) return known as Answer;
    const answer = (await ask(asked, signal)) as Answer;
    this.keep(asked, answer);
    const run = (answer as { run?: unknown }).run;
    // Asked for a run by its name, or for none, the service says which it took: asked with its id, it would answer the same.
    if (typeof run === "string" && run !== values.run) this.keep(address(path, { ...values, run }), answer);
    return answer;
  }

  runs(signal: AbortSignal): Promise<{ runs: RunRow[] }> {
    return ask(address("runs", {}), signal) as Promise<{ runs: RunRow[] }>;
  }

  /** The runs of an id or name, also one whose ingest has not ended: that one is told of only where it is named. */
  named(run: string, signal: AbortSignal): Promise<{ rows: RunRow[] }> {
    return this.get("queries/runs", { run }, signal);
  }

  async graph(run: string | null, of_class: string, signal: AbortSignal): Promise<Graph> {
    const graph = await this.get<Graph>("graph", { run, class: of_class }, signal);
    // Asked for a class by its name, it is asked for by its number next: it must be the same object, or it is drawn anew.
    this.keep(address("graph", { run: graph.run, class: graph.class }), graph);
    return graph;
  }

  pictures(run: string, neuron: string, of_class: number | null, signal: AbortSignal): Promise<Pictures> {
    return this.get<Pictures>("pictures", { run, neuron, class: of_class }, signal);
  }

  /** A canned query's answer, with the rows of all its pages: how many go into one is the service's own limit. */
  async query<Name extends QueryName>(name: Name, values: Values, signal: AbortSignal): Promise<QueryAnswer<Name>> {
    const path = `queries/${name}`;
    const answer = await this.get<QueryAnswer<Name>>(path, values, signal);
    let { next } = answer;
    if (!next) return answer;
    const rows = [...answer.rows];
    while (next) {
      const page: QueryAnswer<Name> = await this.get(path, { ...values, page: next }, signal);
      rows.push(...page.rows);
      next = page.next;
    }
    return { ...answer, rows, next, truncated: false };
  }

  /** Whether the service is ready to answer. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    const response = await fetch("readyz", { signal }).catch(() => null);
    return response?.ok ?? false;
  }

  private keep(asked: string, answer: unknown): void {
    this.answers.delete(asked);
    this.answers.set(asked, answer);
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= KEPT) break;
      this.answers.delete(oldest);
    }
  }
}

/** The address of a path under /api/v1, keys in the order given; what is null is left out. */
export function address(path: string, values: Values): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return `api/v1/${path}${text === "" ? "" : `?${text}`}`;
}

async function ask(asked: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(asked, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Problem("The service does not answer.");
  }
  if (!response.ok) throw await problemOf(response);
  return response.json();
}
