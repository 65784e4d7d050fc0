import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { createEvent } from "../../../lib/events/encode.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { type NormalRequest, supportsNothing } from "../../../lib/runs/normal-request.js";
import { queuedPayload } from "../../../lib/runs/queued-payload.js";
import { findLeftRuns, type LeftRun, requestOf } from "../../../lib/runs/recovery.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";

const request: NormalRequest = { prompt: "x", profile: "craft", approval_mode: "ask", key: "k", priority: 3, max_turns: 5 };
const supports = { ...supportsNothing, queue: true };
const template = { argv: ["tool"] };
const queued = (part: Partial<NormalRequest>): StreamEvent =>
  createEvent({
    run_id: "R-1",
    seq: 1,
    type: "run.queued",
    status: "queued",
    time: "2026-01-02T03:04:05.000Z",
    payload: queuedPayload({ ...request, ...part }, { executor: "main", origin: "request", supports, caller: localCaller }),
  });
const left = (part: Partial<NormalRequest>): LeftRun => ({ queued: queued(part) }) as LeftRun;

describe("requestOf", () => {
  it("is the request that was accepted, with what holds for it", () => {
    expect(requestOf(left({ run_label: "l", budget: { events: 5 } }), {})).toMatchObject({
      request: { ...request, budget: { events: 5 } },
      supports,
    });
    expect(Object.keys(requestOf(left({}), {})?.request ?? {}).toSorted()).toEqual(Object.keys(request).toSorted());
  });

  it("takes the template of its command as it is defined now, and is none without it", () => {
    const restored = requestOf(left({ command: "c", template: { argv: ["old"] } }), { c: template });
    expect(restored?.request.template).toEqual(template);
    expect(requestOf(left({ command: "gone" }), { c: template })).toBeUndefined();
  });

  it("is none where something of it was too secret to be stored", () => {
    expect(requestOf(left({ argv: ["x"], env: { A: "1" } }), {})).toBeUndefined();
    expect(requestOf(left({ argv: ["x"], stdin: "text" }), {})).toBeUndefined();
    expect(requestOf(left({ argv: ["x"] }), {})).toBeDefined();
  });
});

describe("findLeftRuns", () => {
  it("finds what has not ended, oldest first, with its processes and the time of its last event", async () => {
    const store = createMemoryStore();
    const started = { pid: 7, start_ticks: 8, boot_id: "b" };
    for (const [id, status] of ["running", "completed", "queued", "waiting", "failed"].map((name, n) => [`R-${n}`, name] as const)) {
      const events = [
        queued({}),
        createEvent({ run_id: id, seq: 2, type: "process.started", status, time: "2026-01-02T03:04:06.000Z", payload: started }),
        createEvent({ run_id: id, seq: 3, type: "process.output", status, time: "2026-01-02T03:04:07.000Z", payload: { text: "x" } }),
      ];
      await store.commit({
        appends: [{ stream: `run:${id}`, expectedSeq: 0, events }],
        puts: [{ collection: "runs", id, record: { id, status }, expectedRevision: 0 }],
      });
    }
    const found = await findLeftRuns(store);
    expect(found.map(({ record }) => record.id)).toEqual(["R-0", "R-2", "R-3"]);
    expect(found[0]).toMatchObject({
      revision: 1,
      lastSeq: 3,
      notBeforeMs: Date.parse("2026-01-02T03:04:07.000Z"),
      queued: { type: "run.queued" },
      processes: [{ run_id: "R-0", ...started }],
    });
  });
});
