// Where a card stands: close to its tile, and on none of the tiles that it tells of.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Drawing } from "./drawing";

/** A box in pixels of the drawing. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const GAP_PX = 12;
const EDGE_PX = 6;

interface BesideProps {
  drawing: Drawing | null;
  neuron: string;
  children: ComponentChildren;
}

export function Beside({ drawing, neuron, children }: BesideProps) {
  const card = useRef<HTMLDivElement>(null);
  // After each rendering, for only then it is known how large the card is.
  useLayoutEffect(() => {
    const tile = drawing?.boxOf(neuron);
    if (card.current === null || drawing === null || !tile) return;
    const size = { width: card.current.offsetWidth, height: card.current.offsetHeight };
    const { left, top } = placed(tile, size, drawing.size, drawing.boxesAround(neuron));
    card.current.style.left = `${left}px`;
    card.current.style.top = `${top}px`;
  });
  return (
    <div ref={card} class="beside">
      {children}
    </div>
  );
}

type Size = Pick<Box, "width" | "height">;

/**
 * The place of a card: right or left of its tile, higher or lower, or at a side of the drawing; the one that covers the
 * least of the tile and of the others to be seen, and of those the closest.
 */
export function placed(tile: Box, card: Size, room: Size, others: readonly Box[]): Pick<Box, "left" | "top"> {
  const most = { left: room.width - card.width - EDGE_PX, top: room.height - card.height - EDGE_PX };
  const inside = (value: number, highest: number) => Math.max(EDGE_PX, Math.min(value, highest));
  const middle = tile.top + (tile.height - card.height) / 2;
  const lefts = [tile.left + tile.width + GAP_PX, tile.left - GAP_PX - card.width, EDGE_PX, most.left];
  const tops = [middle, tile.top + tile.height - card.height, tile.top, tile.top - GAP_PX - card.height];
  tops.push(tile.top + tile.height + GAP_PX, EDGE_PX, most.top);
  let best = { left: EDGE_PX, top: EDGE_PX };
  let least = Number.POSITIVE_INFINITY;
  for (const left of lefts.map((value) => inside(value, most.left))) {
    for (const top of tops.map((value) => inside(value, most.top))) {
      const box = { left, top, ...card };
      const hidden = overlap(box, tile) * 4 + others.reduce((sum, other) => sum + overlap(box, other), 0);
      const away =
        Math.abs(left + card.width / 2 - tile.left - tile.width / 2) +
        Math.abs(top + card.height / 2 - tile.top - tile.height / 2);
      if (hidden + away / 100 < least) {
        least = hidden + away / 100;
        best = { left, top };
      }
    }
  }
  return best;
}

/** The part of the second box that the first one covers. */
function overlap(one: Box, other: Box): number {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  return width > 0 && height > 0 ? width * height : 0;
}
