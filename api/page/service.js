// Asking the service. Addresses are relative, so that the page works under any path of a proxy.

/** What the service answered instead of what was asked for; `nearest` holds the names that come closest. */
export class Problem extends Error {
  constructor(detail, { status = 0, nearest = [] } = {}) {
    super(detail);
    this.status = status;
    this.nearest = nearest;
  }
}

/** The answer to a GET, as a value; raises Problem, or the signal's AbortError. */
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) query.set(name, value);
  }
  let response;
  try {
    response = await fetch(`api/v1/${path}?${query}`, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service does not answer. Is it still running? Start it again with summit-graph serve.");
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(problem.detail ?? `The service answered ${response.status}.`, {
    status: response.status,
    nearest: problem.nearest ?? [],
  });
}

/** Every row of a catalogue query, page after page. */
export async function getAllRows(name, parameters, signal) {
  const rows = [];
  let page = null;
  do {
    const answer = await get(`queries/${name}`, { ...parameters, limit: 10000, page }, signal);
    rows.push(...answer.rows);
    page = answer.next;
  } while (page !== null);
  return rows;
}
