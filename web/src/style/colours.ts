// The stylesheet's colours for what is drawn on a canvas, which cannot read the stylesheet itself.

const NAMES = [
  "surface",
  "ground",
  "ink",
  "soft",
  "point",
  "shown",
  "selected",
  "pointed",
  "edge",
  "input",
  "output",
  "chain",
] as const;

export type Palette = Record<(typeof NAMES)[number], string> & { font: string };

/** The colours as they are now, light or dark. They are registered as colours, so that they are read resolved. */
export function colours(element: Element): Palette {
  const style = getComputedStyle(element);
  const palette: Record<string, string> = { font: style.fontFamily };
  for (const name of NAMES) palette[name] = style.getPropertyValue(`--${name}`);
  return palette as Palette;
}
