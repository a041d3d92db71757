import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asAccuracy, asCount, asImportance, asShare, plural } from "../src/figures";
import { Problem } from "../src/service/problem";
import { address, Service } from "../src/service/service";

const NEVER = new AbortController().signal;
const fetched = globalThis.fetch;
let asked: string[] = [];
let answer: () => Response = () => Response.json({});

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (input) => {
    asked.push(String(input));
    return answer();
  };
});

afterEach(() => {
  globalThis.fetch = fetched;
});

describe("the service", () => {
  test("is asked at relative addresses, with what is null left out", () => {
    expect(address("graph", { run: null, class: "ärm & <b>", limit: undefined, k: 0 })).toBe(
      "api/v1/graph?class=%C3%A4rm+%26+%3Cb%3E&k=0",
    );
    expect(address("runs", {})).toBe("api/v1/runs");
  });

  test("is asked once for one thing, with or without the run that it chose", async () => {
    answer = () => Response.json({ run: "newest", rows: [] });
    const service = new Service();
    await service.query("layers", { run: null }, NEVER);
    await service.query("layers", { run: null }, NEVER);
    await service.query("layers", { run: "newest" }, NEVER);
    expect(asked).toEqual(["api/v1/queries/layers"]);
    await service.query("layers", { run: "other" }, NEVER);
    expect(asked).toHaveLength(2);
  });

  test("is asked for all pages of an answer", async () => {
    const pages = [
      { run: "r", rows: [1, 2], next: "two" },
      { run: "r", rows: [3], next: null },
    ];
    answer = () => Response.json(pages.shift());
    const { rows } = await new Service().query("classes", { run: "r" }, NEVER);
    expect(rows).toEqual([1, 2, 3]);
    expect(asked).toEqual(["api/v1/queries/classes?run=r", "api/v1/queries/classes?run=r&page=two"]);
  });

  test("has its oldest answers forgotten, so that memory does not grow", async () => {
    answer = () => Response.json({ run: "r" });
    const service = new Service();
    for (let number = 0; number < 200; number++) await service.graph("r", String(number), NEVER);
    asked = [];
    await service.graph("r", "199", NEVER);
    expect(asked).toEqual([]);
    await service.graph("r", "0", NEVER);
    expect(asked).toHaveLength(1);
  });

  test("has its problems told with what is near", async () => {
    answer = () =>
      Response.json({ detail: "no class 'beer': the nearest is bear", nearest: ["bear"] }, { status: 404 });
    const problem = await new Service().graph(null, "beer", NEVER).catch((error) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem.message).toBe("no class 'beer': the nearest is bear");
    expect(problem.nearest).toEqual(["bear"]);
    expect(problem.isOutage).toBe(false);
  });

  test.each([502, 503])("is said to be out at %i, whatever the body is", async (status) => {
    answer = () => new Response("<html>", { status });
    const problem = await new Service().graph(null, "1", NEVER).catch((error) => error);
    expect(problem.isOutage).toBe(true);
  });

  test("is said to be out where nobody answers", async () => {
    answer = () => {
      throw new TypeError("Failed to fetch");
    };
    const problem = await new Service().graph(null, "1", NEVER).catch((error) => error);
    expect(problem.isOutage).toBe(true);
  });
});

describe("figures", () => {
  test("are as a reader wants them", () => {
    expect(asCount(1281167)).toBe("1,281,167");
    expect(asShare(0.0123456)).toBe("1.23%");
    expect(asAccuracy(0.9)).toBe("90.0%");
    expect(asImportance(0.00012345)).toBe("1.23e-4");
    expect(asImportance(0)).toBe("0.00");
    expect([asCount(null), asShare(undefined), asAccuracy(null), asImportance(null)]).toEqual(["–", "–", "–", "–"]);
  });

  test("have their nouns in number", () => {
    expect([plural(1, "class"), plural(2, "class"), plural(0, "edge"), plural(1000, "neuron")]).toEqual([
      "1 class",
      "2 classes",
      "0 edges",
      "1,000 neurons",
    ]);
  });
});
