// The reader's limits and distances: what of the graph is drawn, and how far apart.

import { asCount, asShare } from "../figures";
import type { Graph } from "../service/answers";
import { useNavigation } from "../view/navigation";
import { FIRST_VIEW, SPACING, type View } from "../view/view";
import { strengthOf } from "./strength";

interface ControlsProps {
  graph: Graph;
}

const SET = ["least", "mass", "rows", "columns"] as const;

export function Controls({ graph }: ControlsProps) {
  const { view, go } = useNavigation();
  const strength = strengthOf(graph);
  const highest = Math.max(...graph.nodes.map(strength.of), 0);
  const step = strength.isShare ? 0.005 : 1;
  const hasImportance = graph.nodes.every((node) => node.importance !== null);
  const isSet = SET.some((key) => view[key] !== FIRST_VIEW[key]);
  return (
    <div class="controls">
      <Slider
        name={strength.isShare ? "Least share" : "Least count"}
        hint="Neurons that are among the top channels in fewer of the class's images are left out"
        of="least"
        range={[0, Math.ceil(highest / step) * step, step]}
        text={strength.isShare ? asShare(view.least) : asCount(view.least)}
      />
      {hasImportance && (
        <Slider
          name="Importance"
          hint="Of each layer, only the most important neurons: those that hold this part of the importance that was loaded"
          of="mass"
          range={[0, 1, 0.01]}
          text={asShare(view.mass)}
        />
      )}
      <Slider
        name="Rows"
        hint="Distance of the rows"
        of="rows"
        range={[SPACING.lowest, SPACING.highest, 0.05]}
        text={`× ${view.rows}`}
      />
      <Slider
        name="Columns"
        hint="Distance within a row"
        of="columns"
        range={[SPACING.lowest, SPACING.highest, 0.05]}
        text={`× ${view.columns}`}
      />
      {isSet && (
        <button type="button" onClick={() => go({ least: 0, mass: 1, rows: 1, columns: 1 })}>
          As at first
        </button>
      )}
    </div>
  );
}

interface SliderProps {
  name: string;
  hint: string;
  of: keyof View & (typeof SET)[number];
  range: [number, number, number];
  text: string;
}

function Slider({ name, hint, of, range: [min, max, step], text }: SliderProps) {
  const { view, go } = useNavigation();
  return (
    <label class="slider" title={hint}>
      <span>{name}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={Math.min(view[of], max)}
        aria-valuetext={text}
        onInput={(event) => go({ [of]: event.currentTarget.valueAsNumber }, "same")}
      />
      <output>{text}</output>
    </label>
  );
}
