// What is on the screen, and its address: ?run=…&class=…, so that a link opens what its sender saw.

export const SORTS = ["similarity", "accuracy-up", "accuracy-down", "name", "number"] as const;
export const THEMES = ["auto", "light", "dark"] as const;
export const SHOWN = ["picture", "neurons", "edges"] as const;
export const PLACES = ["picture", "table"] as const;

export type Sort = (typeof SORTS)[number];
export type Theme = (typeof THEMES)[number];
export type Shown = (typeof SHOWN)[number];
export type Places = (typeof PLACES)[number];

export interface View {
  /** Id or name of the run; null: the service's choice. */
  run: string | null;
  /** Number or name of the class; null: the first. */
  class: string | null;
  /** Layer by which classes are compared; null: the last. */
  layer: string | null;
  /** Neurons that stay marked, the latest last. */
  pins: readonly string[];
  /** The neuron whose own page is open. */
  neuron: string | null;
  sort: Sort;
  search: string;
  shows: Shown;
  places: Places;
  /** Least strength (share, or count) of a neuron that is drawn. */
  least: number;
  /** Part of each layer's loaded importance that is drawn, strongest first. */
  mass: number;
  /** Distance of rows and of columns, as a multiple of the usual. */
  rows: number;
  columns: number;
  theme: Theme;
}

export const FIRST_VIEW: View = {
  run: null,
  class: null,
  layer: null,
  pins: [],
  neuron: null,
  sort: "similarity",
  search: "",
  shows: "picture",
  places: "picture",
  least: 0,
  mass: 1,
  rows: 1,
  columns: 1,
  theme: "auto",
};

export const SPACING = { lowest: 0.5, highest: 2.5 };
const TEXTS = ["run", "class", "layer", "neuron"] as const;
const NUMBERS = {
  least: { lowest: 0, highest: Number.MAX_VALUE },
  mass: { lowest: 0, highest: 1 },
  rows: SPACING,
  columns: SPACING,
} as const;
const CHOICES = { sort: SORTS, shows: SHOWN, places: PLACES, theme: THEMES } as const;

/** The view that an address asks for; what it does not say, or says wrongly, is as at first. */
export function viewOf(query: string): View {
  const asked = new URLSearchParams(query);
  const view: Record<string, unknown> = { ...FIRST_VIEW };
  for (const key of TEXTS) view[key] = asked.get(key);
  view.search = asked.get("search") ?? "";
  view.pins = [...new Set(asked.getAll("pin"))];
  for (const [key, { lowest, highest }] of Object.entries(NUMBERS)) {
    const text = asked.get(key);
    const value = Number(text);
    if (text !== null && text.trim() !== "" && value >= lowest && value <= highest) view[key] = value;
  }
  for (const [key, choices] of Object.entries(CHOICES)) {
    const text = asked.get(key);
    if ((choices as readonly (string | null)[]).includes(text)) view[key] = text;
  }
  return view as unknown as View;
}

/** The address of a view: "?run=…&class=…", without what is as at first; "?" where all is. */
export function queryOf(view: View): string {
  const query = new URLSearchParams();
  for (const key of ["run", "class", "layer"] as const) if (view[key] !== null) query.set(key, view[key]);
  for (const pin of view.pins) query.append("pin", pin);
  if (view.neuron !== null) query.set("neuron", view.neuron);
  if (view.search !== "") query.set("search", view.search);
  for (const key of [...Object.keys(CHOICES), ...Object.keys(NUMBERS)] as (keyof View)[]) {
    if (view[key] !== FIRST_VIEW[key]) query.set(key, String(view[key]));
  }
  // A slash may stand in a query as it is, and neurons have one.
  return `?${query.toString().replaceAll("%2F", "/")}`;
}

/** The view of another class: what belonged to the graph before goes, what the reader set stays. */
export function withClass(view: View, of_class: number): View {
  return { ...view, class: String(of_class), pins: [], neuron: null };
}

/** The view of another run, whose classes and layers are others. */
export function withRun(view: View, run: string): View {
  return {
    ...FIRST_VIEW,
    run,
    theme: view.theme,
    shows: view.shows,
    places: view.places,
    rows: view.rows,
    columns: view.columns,
  };
}

/** Pins a neuron, or takes the pin away; `alone` takes the others away too. */
export function withPin(view: View, neuron: string, alone: boolean): View {
  const isPinned = view.pins.includes(neuron);
  if (alone) return { ...view, pins: isPinned && view.pins.length === 1 ? [] : [neuron] };
  return { ...view, pins: isPinned ? view.pins.filter((pin) => pin !== neuron) : [...view.pins, neuron] };
}
