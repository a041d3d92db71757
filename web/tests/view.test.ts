import { describe, expect, test } from "vitest";
import { FIRST_VIEW, queryOf, type View, viewOf, withClass, withPin, withRun } from "../src/view/view";

const EVERYTHING: View = {
  run: "a run/with & odd #signs?",
  class: "294",
  layer: "mixed4d",
  pins: ["mixed4e/346", "stem.0/1"],
  neuron: "mixed4e/346",
  sort: "accuracy-up",
  search: "ärm <b> أ “ 100%",
  shows: "edges",
  places: "table",
  least: 0.25,
  mass: 0.5,
  rows: 1.4,
  columns: 0.9,
  theme: "dark",
};

describe("the address of a view", () => {
  test("holds all of it", () => {
    expect(viewOf(queryOf(EVERYTHING))).toEqual(EVERYTHING);
  });

  test("is bare where everything is as at first", () => {
    expect(queryOf(FIRST_VIEW)).toBe("?");
    expect(viewOf("?")).toEqual(FIRST_VIEW);
  });

  test("keeps the slash of a neuron readable", () => {
    expect(queryOf({ ...FIRST_VIEW, pins: ["mixed4e/346"] })).toBe("?pin=mixed4e/346");
  });

  test.each([
    "?sort=best",
    "?theme=pink",
    "?mass=2",
    "?mass=",
    "?rows=NaN",
    "?rows=100",
    "?least=-1",
    "?shows=all",
    "?unknown=1",
  ])("is taken as at first where it is wrong: %s", (query) => {
    expect(viewOf(query)).toEqual(FIRST_VIEW);
  });

  test("names a neuron that is pinned twice once", () => {
    expect(viewOf("?pin=a/1&pin=b/2&pin=a/1").pins).toEqual(["a/1", "b/2"]);
  });
});

describe("another", () => {
  test("class lets go of the pins and keeps what the reader set", () => {
    const view = withClass(EVERYTHING, 7);
    expect(view).toEqual({ ...EVERYTHING, class: "7", pins: [], neuron: null });
  });

  test("run keeps only how things look", () => {
    const view = withRun(EVERYTHING, "other");
    expect(view).toEqual({
      ...FIRST_VIEW,
      run: "other",
      theme: "dark",
      shows: "edges",
      places: "table",
      rows: 1.4,
      columns: 0.9,
    });
  });

  test("pin alone takes the place of the others, and goes at the second time", () => {
    const one = withPin(EVERYTHING, "x/1", true);
    expect(one.pins).toEqual(["x/1"]);
    expect(withPin(one, "x/1", true).pins).toEqual([]);
  });

  test("pin with the others is added, and taken away alone", () => {
    const more = withPin(EVERYTHING, "x/1", false);
    expect(more.pins).toEqual(["mixed4e/346", "stem.0/1", "x/1"]);
    expect(withPin(more, "stem.0/1", false).pins).toEqual(["mixed4e/346", "x/1"]);
  });
});
