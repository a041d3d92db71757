// Numbers as a reader wants them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });
const percentOfOne = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

type Maybe = number | null | undefined;

/** 1214 as "1,214"; unknown as a dash. */
export function asCount(value: Maybe): string {
  return value === null || value === undefined ? "–" : whole.format(value);
}

/** 0.934 as "93.4%"; unknown as a dash. */
export function asShare(value: Maybe): string {
  return value === null || value === undefined ? "–" : percent.format(value);
}

/** 0.9 as "90.0%", for columns whose digits stand under each other. */
export function asAccuracy(value: Maybe): string {
  return value === null || value === undefined ? "–" : percentOfOne.format(value);
}

/** Importances are small and span decades: three significant digits, with a power of ten below a thousandth. */
export function asImportance(value: Maybe): string {
  if (value === null || value === undefined) return "–";
  return value !== 0 && value < 0.001 ? value.toExponential(2) : value.toPrecision(3);
}

/** "1 edge", "2 edges", "2 classes". */
export function plural(count: number, noun: string): string {
  const many = noun.endsWith("s") ? `${noun}es` : `${noun}s`;
  return `${asCount(count)} ${count === 1 ? noun : many}`;
}
