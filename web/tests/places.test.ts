import { describe, expect, test } from "vitest";
import { fitted, roomForLabels } from "../src/embedding/placing";
import { shortName } from "../src/layers/layer_strip";

describe("an embedding's places", () => {
  const places = [
    { of_class: 0, x: -1, y: 0 },
    { of_class: 1, x: 3, y: 0 },
    { of_class: 2, x: 0, y: 1 },
  ];

  test("have one scale on both axes, y upwards", () => {
    const [a, b, c] = fitted(places, 400, 300);
    if (!a || !b || !c) throw new Error("a place is missing");
    const scale = (b.x - a.x) / 4;
    expect(b.y).toBeCloseTo(a.y);
    expect((a.y - c.y) / 1).toBeCloseTo(scale);
    expect((c.x - a.x) / 1).toBeCloseTo(scale);
  });

  test("stay within the box", () => {
    for (const [width, height] of [
      [400, 300],
      [120, 900],
    ] as const) {
      for (const { x, y } of fitted(places, width, height)) {
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(width);
        expect(y).toBeGreaterThan(0);
        expect(y).toBeLessThan(height);
      }
    }
  });

  test("are in the middle where all are one", () => {
    expect(fitted([{ of_class: 5, x: 7, y: 7 }], 200, 100)).toEqual([{ of_class: 5, x: 100, y: 50 }]);
    expect(fitted([], 200, 100)).toEqual([]);
  });
});

describe("labels", () => {
  test("never cover an earlier one", () => {
    const labels = [
      { x: 0, y: 10, width: 50 },
      { x: 40, y: 15, width: 50 },
      { x: 60, y: 10, width: 50 },
      { x: 40, y: 40, width: 500 },
    ];
    expect(roomForLabels(labels, 15)).toEqual([labels[0], labels[2], labels[3]]);
  });

  test("of thousands of points are found room quickly, and do not overlap", () => {
    const labels = Array.from({ length: 5000 }, (_, index) => ({
      x: (index * 37) % 900,
      y: (index * 91) % 700,
      width: 60,
    }));
    const kept = roomForLabels(labels, 15);
    expect(kept.length).toBeGreaterThan(50);
    for (const [index, one] of kept.entries()) {
      for (const other of kept.slice(0, index)) {
        const overlap = one.x < other.x + other.width && other.x < one.x + one.width && Math.abs(one.y - other.y) < 15;
        expect(overlap).toBe(false);
      }
    }
  });
});

describe("a layer's short name", () => {
  test.each([
    [["mixed3a", "mixed4d"], "mixed4d", "4d"],
    [["layer1.0", "layer1.1"], "layer1.1", "1"],
    [["features.10", "features.12"], "features.12", "12"],
    [["stem", "head"], "head", "head"],
    [["block", "block.1"], "block", "block"],
    [["only"], "only", "only"],
  ])("of %j: %s is %s", (names, name, expected) => {
    expect(
      shortName(
        name,
        names.map((layer) => ({ layer })),
      ),
    ).toBe(expected);
  });
});
