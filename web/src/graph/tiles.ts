// The neurons as SVG: a group each, which can be pointed at, focused and pressed.

import { asCount, asShare } from "../figures";
import type { PlacedNode, Row } from "./layout";

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and children. Text goes in as text, never as markup. */
export function drawn<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
  ...children: (Node | string)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** A plain tile with the channel's number, or the frame of a picture with the number below; as large as it is strong. */
export function tile({ node, x, y, side }: PlacedNode, hasPicture: boolean): SVGGElement {
  const share = node.share === null ? "" : `, ${asShare(node.share)} of the class's images`;
  const digits = String(node.channel);
  const size = hasPicture ? Math.min(11, Math.max(7, side / 5)) : Math.min(15, (side / digits.length) * 1.3);
  const badge = { width: digits.length * size * 0.62 + 4, height: size + 2, rx: 2 };
  const made = drawn(
    "g",
    {
      class: hasPicture ? "node seen" : "node",
      role: "button",
      tabindex: -1,
      transform: `translate(${x} ${y})`,
      "data-neuron": node.neuron,
      "aria-pressed": "false",
      "aria-label": `${node.neuron}, count ${asCount(node.count)}${share}`,
    },
    drawn("rect", {
      x: -side / 2,
      y: -side / 2,
      width: side,
      height: side,
      rx: hasPicture ? 2 : Math.min(8, side / 5),
    }),
  );
  const low = side / 2 - badge.height - 1;
  if (hasPicture) made.append(drawn("rect", { class: "badge", x: -badge.width / 2, y: low, ...badge }));
  made.append(drawn("text", { "font-size": size.toFixed(1), y: hasPicture ? low + badge.height / 2 : 0 }, digits));
  return made;
}

/** A row's name, at the left edge of the window onto the drawing, whatever its zoom. */
export function rowLabel(row: Row): SVGGElement {
  const label = drawn(
    "g",
    { class: "row-label", "data-layer": row.layer.layer },
    drawn("text", { class: "layer", x: 14, y: -3 }, row.layer.layer),
    drawn("text", { class: "of", x: 14, y: 13 }, `${asCount(row.nodes)} of ${asCount(row.layer.channels)}`),
  );
  label.append(drawn("title", {}, `${row.layer.layer}: ${row.nodes} of its ${row.layer.channels} channels`));
  return label;
}

/** The neuron beside this one in its row, or the closest in the next row that has one; null where there is none. */
export function neighbour(places: readonly PlacedNode[], from: PlacedNode, key: string): PlacedNode | null {
  const ahead: Record<string, (place: PlacedNode) => boolean> = {
    ArrowLeft: (place) => place.y === from.y && place.x < from.x,
    ArrowRight: (place) => place.y === from.y && place.x > from.x,
    ArrowUp: (place) => place.y < from.y,
    ArrowDown: (place) => place.y > from.y,
  };
  const isAhead = ahead[key];
  if (isAhead === undefined) return null;
  const candidates = places.filter(isAhead);
  candidates.sort(
    (one, other) =>
      Math.abs(one.y - from.y) - Math.abs(other.y - from.y) || Math.abs(one.x - from.x) - Math.abs(other.x - from.x),
  );
  return candidates[0] ?? null;
}
