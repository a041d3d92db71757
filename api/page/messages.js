// What stands in the picture's place when there is none: what happened, and what to do.

import { element } from "./elements.js";

/** No run is loaded. */
export class NothingLoaded extends Error {}

/** The class has no neuron in its graph. */
export class NoGraph extends Error {}

/** Shows an error, or nothing (null). `onClass(name)` and `onRetry()` are what its buttons do. */
export function showMessage(place, error, { onClass, onRetry }) {
  place.hidden = error === null;
  place.replaceChildren(...(error === null ? [] : explained(error, onClass, onRetry)));
}

function explained(error, onClass, onRetry) {
  if (error instanceof NothingLoaded) {
    return [
      element("h2", {}, "No run is loaded yet"),
      element("p", {}, "Load a run directory into the store that this service reads:"),
      command("summit-graph load RUN --db STORE"),
      element("p", {}, "No run yet? The demo makes one from handwritten digits in a minute:"),
      command("summit-graph demo"),
      button("Look again", onRetry),
    ];
  }
  if (error instanceof NoGraph) {
    return [
      element("h2", {}, "This class has no attribution graph"),
      element("p", {}, "None of its neurons was selected: there may be no image of it. Choose another class above."),
    ];
  }
  const nearest = (error.nearest ?? []).map((name) => button(name, () => onClass(name)));
  const parts = [element("h2", {}, error.status === 404 ? "Not in this run" : "That did not work"), element("p", {}, error.message)];
  if (nearest.length > 0) parts.push(element("p", {}, "Did you mean"), element("p", { className: "nearest" }, ...nearest));
  parts.push(button("Try again", onRetry));
  return parts;
}

function command(text) {
  return element("pre", {}, element("code", {}, text));
}

function button(text, onclick) {
  return element("button", { type: "button", onclick }, text);
}
