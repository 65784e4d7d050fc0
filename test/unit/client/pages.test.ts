import { describe, expect, it } from "vitest";
import type { CarrierCall } from "../../../adapters/client/carrier.js";
import { operations } from "../../../lib/contract/index.js";
import { codeOf, json, scriptedClient, type Step } from "./fixtures.js";

interface Lister {
  list(input?: object): Promise<object>;
  iterate(input?: object): AsyncIterable<unknown>;
  all(input?: object): Promise<unknown[]>;
}

const lists = operations.flatMap(({ name, items }) => (items !== undefined && name.endsWith(".list") ? [[name, items] as const] : []));

function threePages(field: string): Step[] {
  return [json({ [field]: [1, 2], next_cursor: "c1" }), json({ [field]: [3, 4], next_cursor: "c2" }), json({ [field]: [5] })];
}

function listerOf(name: string, steps: Step[]): { lister: Lister; calls: CarrierCall[] } {
  const { client, calls } = scriptedClient(steps);
  const noun = name.split(".")[0] as "runs";
  return { lister: client[noun] as unknown as Lister, calls };
}

const cursorsOf = (calls: readonly CarrierCall[]): unknown[] => calls.map(({ input }) => input["cursor"]);

describe("the lists of the contract", () => {
  it("are more than one", () => {
    expect(lists.map(([name]) => name)).toEqual(expect.arrayContaining(["runs.list", "questions.list", "tokens.list"]));
  });

  it.each(lists)("walk three pages of %s", async (name, field) => {
    const { lister, calls } = listerOf(name, threePages(field));
    expect(await lister.all({ limit: 2 })).toEqual([1, 2, 3, 4, 5]);
    expect(cursorsOf(calls)).toEqual([undefined, "c1", "c2"]);
    expect(calls.every(({ operation, input }) => operation.name === name && input["limit"] === 2)).toBe(true);
  });

  it.each(lists)("give one page of %s as it is", async (name, field) => {
    const { lister, calls } = listerOf(name, threePages(field));
    expect(await lister.list()).toEqual({ [field]: [1, 2], next_cursor: "c1" });
    expect(calls.length).toBe(1);
  });

  it.each(lists)("read of %s no page that nobody needs", async (name, field) => {
    const { lister, calls } = listerOf(name, threePages(field));
    expect(await lister.all({ max: 2 })).toEqual([1, 2]);
    expect(calls.map(({ input }) => input)).toEqual([{}]);
    const found: unknown[] = [];
    for await (const item of listerOf(name, threePages(field)).lister.iterate()) {
      found.push(item);
      if (item === 3) break;
    }
    expect(found).toEqual([1, 2, 3]);
  });

  it.each(lists)("refuse a cursor of %s that comes again", async (name, field) => {
    const again = [
      json({ [field]: [1], next_cursor: "c1" }),
      json({ [field]: [2], next_cursor: "c2" }),
      json({ [field]: [3], next_cursor: "c1" }),
    ];
    expect(await codeOf(listerOf(name, again).lister.all())).toBe("protocol_error");
  });

  it("start where the caller says, and refuse that cursor too", async () => {
    const { lister, calls } = listerOf("runs.list", [json({ runs: [1], next_cursor: "c9" })]);
    expect(await codeOf(lister.all({ cursor: "c9" }))).toBe("protocol_error");
    expect(cursorsOf(calls)).toEqual(["c9"]);
  });

  it("refuse a page without items", async () => {
    expect(await codeOf(listerOf("runs.list", [json({ next_cursor: "c1" })]).lister.all())).toBe("protocol_error");
  });
});
