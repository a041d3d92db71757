// Questions of the page's parts: the answer to the latest one, whatever comes back when.

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./problem";

/** How a question stands. `answer` may be that of an earlier question (`isOld`) until the new one is there. */
export interface Asked<Answer> {
  answer: Answer | null;
  problem: Problem | null;
  isOld: boolean;
  isLoading: boolean;
}

interface State<Answer> {
  key: string | null;
  answer: Answer | null;
  problem: Problem | null;
}

/**
 * The answer to the question that `key` names; null asks nothing.
 *
 * A new key aborts the question before it, and an answer that comes late all the same is dropped. While it is under way
 * the earlier answer stays, said to be old, so that the page does not flicker. `attempt` asks anew after an outage.
 */
export function useAnswer<Answer>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<Answer>,
  attempt: number,
): Asked<Answer> {
  const [state, setState] = useState<State<Answer>>({ key: null, answer: null, problem: null });
  const asking = useRef(ask);
  asking.current = ask;
  const answered = useRef<string | null>(null);
  // `attempt` is no input of the question: only one that has failed is asked again.
  useEffect(() => {
    if (key === null || answered.current === key) return;
    const controller = new AbortController();
    asking.current(controller.signal).then(
      (answer) => {
        if (controller.signal.aborted) return;
        answered.current = key;
        setState({ key, answer, problem: null });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        answered.current = null;
        const problem = error instanceof Problem ? error : new Problem(String(error), { status: 500 });
        setState((before) => ({ key, answer: problem.isOutage ? before.answer : null, problem }));
      },
    );
    return () => controller.abort();
  }, [key, attempt]);
  const isCurrent = state.key === key;
  return {
    answer: key === null ? null : state.answer,
    problem: isCurrent ? state.problem : null,
    isOld: !isCurrent || state.problem !== null,
    isLoading: key !== null && !isCurrent,
  };
}
