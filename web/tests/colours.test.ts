import { describe, expect, test } from "vitest";
import stylesheet from "../src/style/base.css?raw";

type Three = [number, number, number];

// Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency (2009).
const EYES: Record<string, [Three, Three, Three]> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no long ones": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "no middle ones": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  "no short ones": [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const TO_XYZ: [Three, Three, Three] = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const WHITE: Three = [0.95047, 1, 1.08883];
/** In CIELAB; 2 is just to be seen. */
const FAR = 20;

/** A colour of the stylesheet, as linear red, green and blue. */
function colour(name: string, theme: "light" | "dark"): Three {
  const found = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(stylesheet);
  const hex = found?.[theme === "light" ? 1 : 2];
  if (hex === undefined) throw new Error(`no colour ${name}`);
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Three;
}

function times(matrix: [Three, Three, Three], [x, y, z]: Three): Three {
  return matrix.map((row) => row[0] * x + row[1] * y + row[2] * z) as Three;
}

function lab(linear: Three): Three {
  const xyz = times(TO_XYZ, linear.map((value) => Math.min(Math.max(value, 0), 1)) as Three);
  const [x, y, z] = xyz.map((value, at) => {
    const part = value / (WHITE[at] ?? 1);
    return part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116;
  }) as Three;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe.each(["light", "dark"] as const)("the %s colours of inputs, outputs and chains", (theme) => {
  test.each(Object.keys(EYES))("are told apart by eyes with %s", (eyes) => {
    const matrix = EYES[eyes];
    if (matrix === undefined) throw new Error(eyes);
    const seen = ["input", "output", "chain"].map((name) => lab(times(matrix, colour(name, theme))));
    for (const [at, one] of seen.entries()) {
      for (const other of seen.slice(at + 1)) {
        expect(Math.hypot(...one.map((value, axis) => value - (other[axis] ?? 0)))).toBeGreaterThan(FAR);
      }
    }
  });
});
