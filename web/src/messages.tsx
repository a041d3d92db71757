// What stands where there is nothing to draw, and what to do about it.

import type { Problem } from "./service/problem";
import { ViewLink } from "./view/navigation";
import type { View } from "./view/view";

export function NoRuns() {
  return (
    <div class="message" role="status">
      <h2>No run is loaded</h2>
      <p>Load one into the database that this service reads, then reload the page:</p>
      <pre>summit-graph load RUN --db DATABASE</pre>
      <p>Nothing to load yet? This makes a small run from a real model, without a network:</p>
      <pre>summit-graph demo</pre>
    </div>
  );
}

export function Outage() {
  return (
    <div class="banner" role="alert">
      The service does not answer. What you see is what it said last; it is asked again every two seconds. If you
      stopped it, start it again: <code>summit-graph serve</code>
    </div>
  );
}

interface ProblemMessageProps {
  problem: Problem;
  /** Names that come close, as views. */
  to: (name: string) => (view: View) => View;
  /** Where to go where no name comes close. */
  back: (view: View) => View;
}

export function ProblemMessage({ problem, to, back }: ProblemMessageProps) {
  if (problem.status === 401) {
    return (
      <div class="message" role="alert">
        <h2>The service asks for its key again</h2>
        <p>The time for which it was given is over, or the service has another one.</p>
        <p class="nearest">
          <a class="button" href={`login${window.location.search}`}>
            Give the key
          </a>
        </p>
      </div>
    );
  }
  return (
    <div class="message" role="alert">
      <h2>{problem.status === 404 ? "There is no such thing here" : "That cannot be shown"}</h2>
      <p>{problem.message}</p>
      <p class="nearest">
        {problem.nearest.map((name) => (
          <ViewLink key={name} class="button" to={to(name)}>
            <bdi>{name}</bdi>
          </ViewLink>
        ))}
        <ViewLink class="button quiet" to={back}>
          Back to the first class
        </ViewLink>
      </p>
    </div>
  );
}

/** What is under way; it appears only where it takes long enough to be noticed. */
export function Loading({ of }: { of: string }) {
  return (
    <p class="loading" role="status">
      Loading {of} …
    </p>
  );
}
