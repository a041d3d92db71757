// Which classes the list shows, in which order.

import type { ClassRow } from "../service/answers";
import type { Sort } from "../view/view";

/** A class's similarity to the selected one, by its number; a class that is not in it is not known to be alike. */
export type Similarities = ReadonlyMap<number, number>;

/**
 * The classes whose name has the text in it (small and capital letters alike), or whose number it is, in order.
 *
 * Those that are the text, or begin with it, come first while something is searched; where the order's own value is
 * equal or unknown, the class with the lower number does.
 */
export function ordered(
  classes: readonly ClassRow[],
  search: string,
  sort: Sort,
  similarities: Similarities,
): ClassRow[] {
  const compare = comparison(sort, similarities);
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return [...classes].sort(compare);
  const ranks = new Map<number, number>();
  for (const one of classes) {
    const at = one.name.toLowerCase().indexOf(wanted);
    if (at === 0 || String(one.class) === wanted) ranks.set(one.class, 0);
    else if (at > 0) ranks.set(one.class, 1);
  }
  const rank = (one: ClassRow) => ranks.get(one.class) ?? 2;
  return classes.filter((one) => rank(one) < 2).sort((one, other) => rank(one) - rank(other) || compare(one, other));
}

type Comparison = (one: ClassRow, other: ClassRow) => number;

function comparison(sort: Sort, similarities: Similarities): Comparison {
  const byNumber: Comparison = (one, other) => one.class - other.class;
  switch (sort) {
    case "similarity":
      return byValue((one) => similarities.get(one.class) ?? null, -1, byNumber);
    case "accuracy-up":
      return byValue((one) => one.accuracy, 1, byNumber);
    case "accuracy-down":
      return byValue((one) => one.accuracy, -1, byNumber);
    case "name":
      return (one, other) => one.name.localeCompare(other.name, "en", { numeric: true }) || byNumber(one, other);
    case "number":
      return byNumber;
  }
}

/** Unknown values come last, whichever way the known ones go. */
function byValue(value: (one: ClassRow) => number | null, sign: 1 | -1, otherwise: Comparison): Comparison {
  return (one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null) || otherwise(one, other);
    return sign * (a - b) || otherwise(one, other);
  };
}
