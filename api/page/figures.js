// Numbers as a reader wants them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });

/** 1214 as "1,214"; unknown as a dash. */
export function asCount(value) {
  return value === null || value === undefined ? "–" : whole.format(value);
}

/** 0.934 as "93.4%"; unknown as a dash. */
export function asShare(value) {
  return value === null || value === undefined ? "–" : percent.format(value);
}

/** Importances are small and span decades: three significant digits, with a power of ten below a thousandth. */
export function asImportance(value) {
  if (value === null || value === undefined) return "–";
  return value !== 0 && value < 0.001 ? value.toExponential(2) : value.toPrecision(3);
}

/** "1 edge", "2 edges". */
export function plural(count, noun) {
  return `${asCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** How strong a node or edge is: its share; its count where any share of the graph is unknown. */
export function strengthOf(graph) {
  const known = [...graph.nodes, ...graph.edges].every((item) => item.share !== null);
  return known ? (item) => item.share : (item) => item.count;
}
