// What the service answered instead of what was asked for.

/** An answer that is none; `detail` is a line for the reader, and `nearest` holds the names that come closest. */
export class Problem extends Error {
  readonly status: number;
  readonly nearest: readonly string[];

  constructor(detail: string, { status = 0, nearest = [] }: { status?: number; nearest?: readonly string[] } = {}) {
    super(detail);
    this.status = status;
    this.nearest = nearest;
  }

  /** Nobody answered, or somebody who is not ready: to be asked again in a while, with the same question. */
  get isOutage(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503;
  }
}

/** The problem in an answer with an error status (RFC 9457). */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const detail = typeof said.detail === "string" ? said.detail : `The service answered ${response.status}.`;
  const nearest = Array.isArray(said.nearest) ? said.nearest.map(String) : [];
  return new Problem(detail, { status: response.status, nearest });
}
