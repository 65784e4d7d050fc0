import { describe, expect, it } from "vitest";
import { fit, jsonBytes } from "../../../adapters/mcp/fit.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { openManager } from "../../support/manager.js";
import { callerOf, callTool, connectMcp } from "./fixtures.js";

const limitBytes = 65_536;

describe("a tool's result over 64 KiB", () => {
  it("of events is a shorter page, and next_after goes on without a hole", async () => {
    const manager = await openManager(
      functionExecutor(async ({ emit }) => {
        for (let i = 0; i < 60; i++) await emit("note", { text: `${i}é`.repeat(1_000) });
      }),
    );
    const run = await manager.start({ prompt: "x" });
    await run.done();
    const client = await connectMcp(callerOf(manager));
    const seqs: number[] = [];
    let pages = 0;
    for (let after = 0, last = Number.POSITIVE_INFINITY; after < last; pages += 1) {
      const { document, bytes } = await callTool(client, "run_events", { id: run.id, after });
      expect(bytes).toBeLessThanOrEqual(limitBytes);
      expect(document["truncated"]).toBeUndefined();
      seqs.push(...(document["events"] as StreamEvent[]).map((event) => event.seq));
      after = document["next_after"] as number;
      last = document["last_seq"] as number;
    }
    expect(pages).toBeGreaterThan(2);
    expect(seqs).toEqual(Array.from({ length: 63 }, (_, i) => i + 1));
  });

  it("of a list is a shorter page, and next_cursor goes on", async () => {
    const manager = await openManager(functionExecutor(() => "r".repeat(4_000)));
    for (let i = 0; i < 20; i++) await (await manager.start({ prompt: "p".repeat(4_000) })).done();
    const client = await connectMcp(callerOf(manager));
    const ids: string[] = [];
    for (let cursor: unknown, more = true; more; ) {
      const { document, bytes } = await callTool(client, "run_list", cursor === undefined ? {} : { cursor });
      expect(bytes).toBeLessThanOrEqual(limitBytes);
      ids.push(...(document["runs"] as { id: string }[]).map((run) => run.id));
      cursor = document["next_cursor"];
      more = cursor !== undefined;
    }
    expect(new Set(ids).size).toBe(20);
    expect(ids).toHaveLength(20);
  });

  it("of one event has its text cut and named", async () => {
    const manager = await openManager(functionExecutor(async ({ emit }) => void (await emit("note", { text: "é".repeat(100_000) }))));
    const run = await manager.start({ prompt: "x" });
    await run.done();
    const client = await connectMcp(callerOf(manager));
    const { document, bytes } = await callTool(client, "run_events", { id: run.id, after: 2 });
    expect(bytes).toBeLessThanOrEqual(limitBytes);
    expect(document).toMatchObject({ events: [{ seq: 3 }], next_after: 3, truncated: ["events.0.payload.text"] });
  });

  it("of a record has its longest texts cut and named", async () => {
    const manager = await openManager(functionExecutor(() => "kept"));
    const run = await manager.start({ prompt: "🙂".repeat(60_000) });
    await run.done();
    const client = await connectMcp(callerOf(manager));
    const { document, bytes } = await callTool(client, "run_get", { id: run.id });
    expect(bytes).toBeLessThanOrEqual(limitBytes);
    expect(document).toMatchObject({ id: run.id, result: "kept", truncated: ["prompt"] });
    expect((document["prompt"] as string).isWellFormed()).toBe(true);
  });
});

describe("fit", () => {
  it("leaves a document that fits as it is", () => {
    const document = { a: "x".repeat(90) };
    expect(fit(document, jsonBytes(document))).toBe(document);
  });

  it("cuts the end of a list of many small items", () => {
    const cut = fit({ questions: Array.from({ length: 5_000 }, (_, i) => ({ question_id: `Q-${i}` })), note: ["a"] }, 1_000);
    expect(jsonBytes(cut)).toBeLessThanOrEqual(1_000);
    expect(cut).toMatchObject({ truncated: ["questions"], note: ["a"] });
    expect((cut["questions"] as object[])[0]).toEqual({ question_id: "Q-0" });
  });
});
