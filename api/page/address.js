// The view is in the address: ?run=…&class=…&neuron=…, so that a link opens what its sender saw.

const KEYS = ["run", "class", "neuron"];

/** What the address asks for; a key that it does not have is null. */
export function readAddress() {
  const query = new URLSearchParams(window.location.search);
  return Object.fromEntries(KEYS.map((key) => [key, query.get(key)]));
}

/** Writes the view into the address; `replace` where going back should not return to what was there before. */
export function writeAddress(view, { replace = false } = {}) {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    if (view[key] !== null && view[key] !== undefined) query.set(key, view[key]);
  }
  const address = `?${query}`.replaceAll("%2F", "/");
  if (address === window.location.search) return;
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
}
