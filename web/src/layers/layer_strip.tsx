// A small drawing of the model: a bar a layer, the last on top, as wide as it has channels (by square root).

import { asCount } from "../figures";
import type { LayerRow } from "../service/answers";
import { useNavigation } from "../view/navigation";

interface LayerStripProps {
  /** From the first to the last. */
  layers: readonly LayerRow[];
  selected: string | null;
}

export function LayerStrip({ layers, selected }: LayerStripProps) {
  const { go } = useNavigation();
  const most = Math.max(1, ...layers.map((layer) => layer.channels));
  const choose = (layer: LayerRow | undefined) => {
    if (layer === undefined) return;
    go({ layer: layer.layer });
    document.getElementById(`layer-${layer.layer_index}`)?.focus();
  };
  const key = (event: KeyboardEvent, at: number) => {
    const next = {
      ArrowUp: at + 1,
      ArrowRight: at + 1,
      ArrowDown: at - 1,
      ArrowLeft: at - 1,
      Home: layers.length - 1,
      End: 0,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(layers[next]);
  };
  return (
    <div
      class={`layers${layers.length > 16 ? " many" : ""}`}
      role="radiogroup"
      aria-label="Layer by which classes are compared"
    >
      {layers
        .map((layer, at) => {
          const isSelected = layer.layer === selected;
          const title = `${layer.layer}, ${asCount(layer.channels)} channels`;
          return (
            // biome-ignore lint/a11y/useSemanticElements: a drawing of the layer, chosen like a radio button
            <button
              key={layer.layer}
              id={`layer-${layer.layer_index}`}
              type="button"
              role="radio"
              class="layer-bar"
              aria-checked={isSelected}
              aria-label={title}
              title={title}
              tabIndex={isSelected || (selected === null && at === 0) ? 0 : -1}
              onClick={() => choose(layer)}
              onKeyDown={(event) => key(event, at)}
            >
              <span class="bar" style={{ width: `${100 * Math.sqrt(layer.channels / most)}%` }} />
              <span class="text">{shortName(layer.layer, layers)}</span>
            </button>
          );
        })
        .reverse()}
    </div>
  );
}

/** A layer's name without what all names begin with, where something is left of each. */
export function shortName(name: string, layers: readonly { layer: string }[]): string {
  if (layers.length < 2) return name;
  let length = 0;
  const [one] = layers;
  while (
    one !== undefined &&
    length < one.layer.length &&
    layers.every(({ layer }) => layer[length] === one.layer[length])
  )
    length++;
  // Not in the middle of a number.
  while (length > 0 && /\d/.test(name[length - 1] ?? "") && /\d/.test(name[length] ?? "")) length--;
  return layers.every(({ layer }) => layer.length > length) ? name.slice(length).replace(/^[._]/, "") || name : name;
}
