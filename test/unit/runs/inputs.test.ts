import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import { createEvent } from "../../../lib/events/encode.js";
import type { Appended } from "../../../lib/events/step.js";
import { type InputPort, Inputs, inputsOf } from "../../../lib/runs/inputs.js";

const noPuts = (): [] => [];

/** The inputs of a run whose log is a list of types and ids. */
function bench({ staysOpen = false, limit = 3 } = {}) {
  const log: string[] = [];
  const state = { full: false, text: undefined as string | undefined, idle: 0, woken: 0 };
  const port: InputPort = {
    append(type, payload, whenFull): Appended {
      const committing = (committed: Promise<number>): Appended => ({ events: [], committed, kept: committed, isHeld: false });
      if (state.full && whenFull === "refuse") return committing(Promise.reject(new AnodeError("storage_full", "Full.")));
      const { input_id, result } = payload as { readonly input_id?: string; readonly result?: string };
      log.push([type.slice("input.".length), input_id, result].filter(Boolean).join(" "));
      return committing(Promise.resolve(log.length));
    },
    lastTextSince: () => state.text,
    headSeq: () => log.length,
    idle: () => void (state.idle += 1),
    woken: () => void (state.woken += 1),
  };
  const inputs = new Inputs(port, limit, staysOpen);
  const accept = async (...texts: string[]): Promise<void> => {
    for (const text of texts) await inputs.accept(text, text.startsWith("steer") ? "steer" : "queue", "ann", noPuts);
  };
  const next = (signal = new AbortController().signal) => inputs.next(signal);
  return { inputs, log, state, accept, next };
}

describe("Inputs.accept", () => {
  it("numbers inputs, and answers when they are committed", async () => {
    const { inputs, log } = bench();
    expect(await inputs.accept("a", "queue", "ann", noPuts)).toEqual({
      input_id: "I-1",
      delivery: "queue",
      state: "pending",
      text: "a",
      by: "ann",
    });
    expect((await inputs.accept("b", "steer", "ann", noPuts)).input_id).toBe("I-2");
    expect([log, inputs.pending]).toEqual([["accepted I-1", "accepted I-2"], 2]);
  });

  it("refuses more than the limit, and has room again after a withdrawal", async () => {
    const { inputs, accept } = bench({ limit: 2 });
    await accept("a", "b");
    await expect(accept("c")).rejects.toMatchObject({ code: "input_full" });
    await inputs.withdraw("I-1", "ann");
    await accept("d");
    expect(inputs.pending).toBe(2);
  });

  it("leaves nothing of an input that could not be stored", async () => {
    const { inputs, state, accept, next } = bench();
    state.full = true;
    await expect(accept("a")).rejects.toMatchObject({ code: "storage_full" });
    expect(inputs.pending).toBe(0);
    expect(await next()).toBeUndefined();
  });

  it("is over when the executor has taken the end, in the same step", async () => {
    const { accept, next } = bench();
    const end = next();
    await expect(accept("late")).rejects.toMatchObject({ code: "run_finished" });
    expect(await end).toBeUndefined();
  });
});

describe("Inputs.next and take", () => {
  it("hands out steers first, each kind in its order", async () => {
    const { inputs, accept, next } = bench({ limit: 9 });
    await accept("one", "steer a", "two", "steer b");
    const texts = [inputs.take()?.text, inputs.take()?.text, inputs.take()?.text];
    expect(texts).toEqual(["steer a", "steer b", undefined]);
    expect([(await next())?.text, (await next())?.text]).toEqual(["one", "two"]);
    const other = bench({ limit: 9 });
    await other.accept("one", "steer a");
    expect([(await other.next())?.text, (await other.next())?.text]).toEqual(["steer a", "one"]);
  });

  it("keeps what was put back at its place", async () => {
    const { inputs, accept, next } = bench();
    await accept("one", "two");
    (await next())?.putBack();
    expect([(await next())?.text, inputs.pending]).toEqual(["one", 2]);
  });

  it("says once that an input was delivered, and ends its task with the last text since", async () => {
    const { log, state, accept, next } = bench();
    await accept("one");
    const item = await next();
    await item?.delivered();
    await item?.delivered();
    state.text = "did it";
    expect(await next()).toBeUndefined();
    expect(log).toEqual(["accepted I-1", "delivered I-1", "completed I-1 did it"]);
  });

  it("makes no task of a steer, nor of what was not delivered", async () => {
    const { inputs, log, accept, next } = bench();
    await accept("steer a", "one");
    await inputs.take()?.delivered();
    (await next())?.putBack();
    inputs.completeTask();
    expect(log).toEqual(["accepted I-1", "accepted I-2", "delivered I-1"]);
  });

  it("waits for more when the run stays open, idle meanwhile, and wakes with the next input", async () => {
    const { state, accept, next } = bench({ staysOpen: true });
    const waiting = next();
    await Promise.resolve();
    expect(state.idle).toBe(1);
    await accept("one");
    expect([(await waiting)?.text, state.woken]).toEqual(["one", 1]);
  });

  it("ends a wait by its signal and by the end of the run", async () => {
    const { inputs, next } = bench({ staysOpen: true });
    const abort = new AbortController();
    const first = next(abort.signal);
    abort.abort();
    expect(await first).toBeUndefined();
    const second = next();
    inputs.close();
    expect(await second).toBeUndefined();
    expect(await next(AbortSignal.abort())).toBeUndefined();
  });
});

describe("Inputs.withdraw", () => {
  it("takes a pending input out, and refuses one that is taken, gone or never was", async () => {
    const { inputs, log, accept, next } = bench();
    await accept("one", "two");
    await next();
    await expect(inputs.withdraw("I-1", "ann")).rejects.toMatchObject({ code: "input_delivered" });
    await inputs.withdraw("I-2", "ann");
    await expect(inputs.withdraw("I-2", "ann")).rejects.toMatchObject({ code: "input_delivered" });
    for (const id of ["I-3", "I-0", "I-", "x", "I-1x"])
      await expect(inputs.withdraw(id, "ann")).rejects.toMatchObject({ code: "input_not_found" });
    expect(log.at(-1)).toBe("withdrawn I-2");
  });
});

describe("Inputs.close", () => {
  it("names everything that is still pending, what is taken but not delivered among it, once", async () => {
    const { inputs, accept, next } = bench();
    await accept("one", "two");
    await next();
    expect(inputs.close().map(({ type, payload }) => [type, payload["input_id"], payload["reason"]])).toEqual([
      ["input.dropped", "I-1", "run_ended"],
      ["input.dropped", "I-2", "run_ended"],
    ]);
    expect(inputs.close()).toEqual([]);
    await expect(accept("late")).rejects.toMatchObject({ code: "run_finished" });
  });
});

describe("inputsOf", () => {
  it("is the fold of a run's events", () => {
    const told: [string, object][] = [
      ["input.accepted", { input_id: "I-1", delivery: "queue", text: "a", by: "ann" }],
      ["input.accepted", { input_id: "I-2", delivery: "steer", text: "b", by: "bob" }],
      ["assistant.message", { text: "x" }],
      ["input.accepted", { input_id: "I-3", delivery: "queue", text: "c", by: "ann" }],
      ["input.accepted", { input_id: "I-4", delivery: "queue", text: "d", by: "ann" }],
      ["input.delivered", { input_id: "I-1" }],
      ["input.completed", { input_id: "I-1", result: "done" }],
      ["input.withdrawn", { input_id: "I-3", by: "ann" }],
      ["input.dropped", { input_id: "I-4", reason: "run_ended" }],
      ["input.delivered", { input_id: "I-9" }],
    ];
    const events = told.map(([type, payload], index) =>
      createEvent({ seq: index + 1, type, time: "t", payload: payload as Record<string, unknown> }),
    );
    expect(inputsOf(events)).toEqual([
      { input_id: "I-1", delivery: "queue", text: "a", by: "ann", state: "delivered" },
      { input_id: "I-2", delivery: "steer", text: "b", by: "bob", state: "pending" },
      { input_id: "I-3", delivery: "queue", text: "c", by: "ann", state: "withdrawn" },
      { input_id: "I-4", delivery: "queue", text: "d", by: "ann", state: "dropped" },
    ]);
  });
});
