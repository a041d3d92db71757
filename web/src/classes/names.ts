// What classes are called where their number does not stand beside: two of one name are told apart by it.

import type { ClassRow } from "../service/answers";

/** The names by number; "crane (134)" where another class has that name too. */
export function namesOf(classes: readonly ClassRow[]): ReadonlyMap<number, string> {
  const times = new Map<string, number>();
  for (const { name } of classes) times.set(name, (times.get(name) ?? 0) + 1);
  return new Map(
    classes.map((one) => [one.class, times.get(one.name) === 1 ? one.name : `${one.name} (${one.class})`]),
  );
}
