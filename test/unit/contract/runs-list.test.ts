import { describe, expect, it } from "vitest";
import {
  createMemoryStore,
  createPerform,
  createServices,
  functionExecutor,
  localCaller,
  operations,
  RunManager,
} from "../../../lib/index.js";
import { createTestHost } from "../../../lib/testing/index.js";

const promptOf = (length: number): string => `"é" and\n${"so on ".repeat(length / 6)}`;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** A manager that has run a long prompt so often, and how much of its store each look took. */
async function opened(runs: number, prompt: string) {
  const inner = createMemoryStore();
  const looks: number[] = [];
  const store: typeof inner = {
    ...inner,
    list(collection, query) {
      if (collection === "runs") looks.push(query.limit);
      return inner.list(collection, query);
    },
  };
  const executors = { echo: functionExecutor(async ({ request }) => request.prompt ?? "") };
  const manager = new RunManager({ host: createTestHost(), store, executors, profiles: { craft: { executor: "echo" } } });
  await manager.open();
  for (let run = 0; run < runs; run += 1) await (await manager.start({ prompt: `${run} ${prompt}` })).done();
  looks.length = 0;
  const perform = createPerform(createServices(manager, {}), manager.idempotency);
  const call = async (name: string, input: object) => {
    const operation = operations.find((row) => row.name === name);
    if (!operation) throw new Error(`no operation ${name}`);
    const context = { caller: localCaller, signal: new AbortController().signal, requestId: "q-1" };
    return perform(operation, input as Record<string, unknown>, context);
  };
  const list = async (input: object) => (await call("runs.list", input)).body as { runs: Record<string, string>[]; next_cursor?: string };
  return { call, list, looks };
}

describe("A list of runs", () => {
  it("has of each long text the first 4 KiB, names what was cut, and leaves the run itself whole", async () => {
    const prompt = promptOf(100_000);
    const { call, list } = await opened(1, prompt);
    const { runs } = await list({});
    const [item = {}] = runs;
    expect(item).toMatchObject({ truncated: ["prompt", "result"], status: "completed" });
    for (const field of ["prompt", "result"]) {
      expect(`0 ${prompt}`.startsWith(item[field] ?? "?")).toBe(true);
      expect(bytesOf(item[field] ?? "")).toBeGreaterThan(4000);
      expect(bytesOf(item[field] ?? "")).toBeLessThanOrEqual(4096);
    }
    const { body } = await call("runs.get", { id: item["id"] });
    expect(body).toMatchObject({ prompt: `0 ${prompt}`, result: `0 ${prompt}` });
    expect(body).not.toHaveProperty("truncated");
  });

  it("is some kilobytes for each run, and few whole ones are read for it at once", async () => {
    const { call, list, looks } = await opened(220, promptOf(9_000));
    const page = await list({ limit: 1000 });
    expect(page).not.toHaveProperty("next_cursor");
    expect(JSON.stringify(page).length).toBeLessThan(220 * 9000);
    const numbers = ({ runs }: { runs: Record<string, string>[] }) => runs.map(({ prompt: text = "" }) => Number.parseInt(text, 10));
    expect(numbers(page)).toEqual(Array.from({ length: 220 }, (_, at) => 219 - at));

    const first = await list({ limit: 120 });
    const second = await list({ limit: 120, cursor: first.next_cursor });
    expect([first.runs.length, second.next_cursor]).toEqual([120, undefined]);
    expect([...numbers(first), ...numbers(second)]).toEqual(numbers(page));

    const { stream } = await call("runs.list", { limit: 0 });
    let all = "";
    for await (const bytes of stream?.body ?? []) all += new TextDecoder().decode(bytes);
    expect(JSON.parse(all)).toEqual(page);
    expect(Math.max(...looks)).toBe(100);
  });
});
