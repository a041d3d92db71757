// From an embedding's coordinates to pixels: one scale for both axes, so that distances can be compared.

export interface Place {
  of_class: number;
  x: number;
  y: number;
}

/** Room around the outermost points, in pixels: for names, and for the buttons above and below. */
const MARGIN_PX = { x: 26, y: 44 };

/** Places in pixels of a box, the larger extent filling it, y upwards. */
export function fitted(places: readonly Place[], width: number, height: number): Place[] {
  if (places.length === 0) return [];
  const [left, right] = extent(places.map((place) => place.x));
  const [low, high] = extent(places.map((place) => place.y));
  const room = { x: Math.max(1, width - 2 * MARGIN_PX.x), y: Math.max(1, height - 2 * MARGIN_PX.y) };
  const scale = Math.min(room.x / (right - left || 1e-9), room.y / (high - low || 1e-9));
  const finite = Number.isFinite(scale) && scale < 1e9 ? scale : 1;
  return places.map(({ of_class, x, y }) => ({
    of_class,
    x: width / 2 + (x - (left + right) / 2) * finite,
    y: height / 2 - (y - (low + high) / 2) * finite,
  }));
}

function extent(values: readonly number[]): [number, number] {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return [lowest, highest];
}

/**
 * Which points get their names, given boxes in order of importance: none that would cover an earlier one.
 *
 * A label stands right of its point; a grid of cells makes the search short for thousands of points.
 */
export function roomForLabels<Label extends { x: number; y: number; width: number }>(
  labels: readonly Label[],
  height: number,
): Label[] {
  const taken = new Map<string, Label[]>();
  const cell = 64;
  const kept: Label[] = [];
  for (const label of labels) {
    const cells: string[] = [];
    for (let x = Math.floor(label.x / cell); x <= Math.floor((label.x + label.width) / cell); x++) {
      for (let y = Math.floor(label.y / cell); y <= Math.floor((label.y + height) / cell); y++) cells.push(`${x},${y}`);
    }
    const covers = (other: Label) =>
      label.x < other.x + other.width && other.x < label.x + label.width && Math.abs(label.y - other.y) < height;
    if (cells.some((name) => taken.get(name)?.some(covers))) continue;
    kept.push(label);
    for (const name of cells) taken.set(name, [...(taken.get(name) ?? []), label]);
  }
  return kept;
}
