import { describe, expect, test } from "vitest";
import { barsPath, highestBar } from "../src/classes/histogram";
import { namesOf } from "../src/classes/names";
import { ordered } from "../src/classes/ordering";
import type { ClassRow } from "../src/service/answers";
import type { Sort } from "../src/view/view";

function row(number: number, name: string, accuracy: number | null, probabilities: number[] | null = null): ClassRow {
  return { class: number, name, accuracy, probabilities, images: null, correct: null };
}

const CLASSES = [row(0, "tench", 0.9), row(1, "Crane", 0.5), row(2, "crane", null), row(11, "brown bear", 0.5)];
const SIMILARITIES = new Map([
  [0, 1],
  [1, 0.2],
  [2, 0.2],
  [11, 0.7],
]);

function numbers(search: string, sort: Sort): number[] {
  return ordered(CLASSES, search, sort, SIMILARITIES).map((one) => one.class);
}

describe("the list's order", () => {
  test.each<[Sort, number[]]>([
    ["similarity", [0, 11, 1, 2]],
    ["accuracy-up", [1, 11, 0, 2]],
    ["accuracy-down", [0, 1, 11, 2]],
    ["name", [11, 2, 1, 0]],
    ["number", [0, 1, 2, 11]],
  ])("by %s is total, the unknown last", (sort, expected) => {
    expect(numbers("", sort)).toEqual(expected);
  });

  test("leaves the rows that it is given as they are", () => {
    const before = CLASSES.map((one) => one.class);
    numbers("", "name");
    expect(CLASSES.map((one) => one.class)).toEqual(before);
  });
});

describe("the search", () => {
  test("finds any part of a name, whatever its case, and both of one name", () => {
    expect(numbers("RAN", "number")).toEqual([1, 2]);
    expect(numbers(" bear ", "number")).toEqual([11]);
  });

  test("puts names that begin with the text first", () => {
    const some = [row(0, "ice bear", 1), row(1, "bear", 0.1)];
    expect(ordered(some, "bear", "accuracy-down", new Map()).map((one) => one.class)).toEqual([1, 0]);
  });

  test("finds a class by its whole number only", () => {
    expect(numbers("11", "number")).toEqual([11]);
    expect(numbers("1", "number")).toEqual([1]);
  });

  test("may find nothing", () => {
    expect(numbers("zebra", "number")).toEqual([]);
  });
});

describe("names", () => {
  test("of two classes that have the same say which is which", () => {
    const names = namesOf([row(4, "crane", 1), row(7, "crane", 1), row(8, "bear", 1)]);
    expect([...names.values()]).toEqual(["crane (4)", "crane (7)", "bear"]);
  });
});

describe("histograms", () => {
  const few = row(0, "a", 1, [0, 1, 3]);
  const many = row(1, "b", 1, [500, 250, 250]);

  test("share one scale: the highest bar as a share of its own class", () => {
    expect(highestBar([few, many, row(2, "c", null)])).toBeCloseTo(0.75);
  });

  test("are as high as their share, and empty bars are not drawn", () => {
    expect(barsPath([0, 1, 3], 0.75, 30, 12)).toBe("M10 12v-4h9v4zM20 12v-12h9v12z");
  });

  test("are nothing where nothing is known", () => {
    expect(highestBar([row(0, "a", null)])).toBe(0);
    expect(barsPath([0, 0], 0, 30, 12)).toBe("");
  });
});
