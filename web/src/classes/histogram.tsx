// How sure the model was of what it predicted for a class's images: 20 bars over the probabilities 0 to 1.

import { asShare } from "../figures";
import type { ClassRow } from "../service/answers";

/** The highest bar of all classes, as a share of a class's images: the one scale of all histograms. 0: none is known. */
export function highestBar(classes: readonly ClassRow[]): number {
  let highest = 0;
  for (const one of classes) {
    const counts = one.probabilities ?? [];
    const images = total(counts);
    if (images > 0) highest = Math.max(highest, Math.max(...counts) / images);
  }
  return highest;
}

/** The bars as one path in a box of that size, from left (probability 0) to right (1). */
export function barsPath(counts: readonly number[], highest: number, width: number, height: number): string {
  const images = total(counts);
  if (images === 0 || highest === 0) return "";
  const step = width / counts.length;
  const gap = Math.min(1, step / 4);
  return counts
    .map((count, index) => {
      const bar = (count / images / highest) * height;
      return count === 0 ? "" : `M${index * step} ${height}v${-bar}h${step - gap}v${bar}z`;
    })
    .join("");
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

interface HistogramProps {
  counts: readonly number[];
  highest: number;
  width: number;
  height: number;
}

export function Histogram({ counts, highest, width, height }: HistogramProps) {
  const images = total(counts);
  const sure = images === 0 ? null : (counts.at(-1) ?? 0) / images;
  const label = `Predicted probabilities, 0 to 1 in ${counts.length} bars; ${asShare(sure)} in the last`;
  return (
    <svg
      class="histogram"
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <title>{label}</title>
      <path class="ground" d={`M0 ${height - 0.5}H${width}`} />
      <path class="bars" d={barsPath(counts, highest, width, height - 1)} />
    </svg>
  );
}
