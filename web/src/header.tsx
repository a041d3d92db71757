// The bar on top: which run, how large it is, light or dark.

import { asCount } from "./figures";
import type { LayerRow, RunRow } from "./service/answers";
import { useNavigation } from "./view/navigation";
import { THEMES, type Theme, withRun } from "./view/view";

interface HeaderProps {
  runs: readonly RunRow[];
  run: RunRow | null;
  layers: readonly LayerRow[];
}

export function Header({ runs, run, layers }: HeaderProps) {
  const { view, go } = useNavigation();
  const neurons = layers.reduce((sum, layer) => sum + layer.channels, 0);
  return (
    <header class="bar">
      <h1>
        <img src="page/favicon.svg" width="22" height="22" alt="" />
        summit-graph
      </h1>
      {run && (
        <div class="run">
          {runs.length > 1 ? (
            <label>
              Run{" "}
              <select value={run.run} onChange={(event) => go((before) => withRun(before, event.currentTarget.value))}>
                {runs.map((one) => (
                  <option key={one.run} value={one.run}>
                    {one.name === one.run ? one.run : `${one.name} (${one.run})`} · {one.model} · {one.dataset}
                  </option>
                ))}
              </select>
            </label>
          ) : (
            <span>
              <b>{run.model}</b> on <b>{run.dataset}</b>
            </span>
          )}
          {run.state === "partial" && <span class="partial">its ingest has not ended</span>}
          <dl class="sizes">
            <Size name="classes" value={run.classes} />
            {run.images !== null && <Size name="images" value={run.images} />}
            {layers.length > 0 && <Size name="neurons" value={neurons} />}
          </dl>
        </div>
      )}
      <label class="theme">
        Theme{" "}
        <select value={view.theme} onChange={(event) => go({ theme: event.currentTarget.value as Theme })}>
          {THEMES.map((theme) => (
            <option key={theme} value={theme}>
              {theme}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

function Size({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dd>{asCount(value)}</dd>
      <dt>{name}</dt>
    </div>
  );
}
