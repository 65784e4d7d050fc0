import { EventEmitter } from "eventemitter3";
import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import type { Executor, RunContext } from "../../lib/runs/executor.js";
import { Listeners } from "../../lib/runs/listeners.js";
import { createTestHost } from "../../lib/testing/index.js";
import { openManager, until } from "../support/manager.js";
import { trials } from "./support/trials.js";

interface Hub {
  on(name: "told", listener: (n: number) => unknown): () => void;
  emit(name: "told", n: number): void;
}

// What a listener may do to whoever tells it.
const badListeners: Readonly<Record<string, (hub: Hub, off: () => void) => (n: number) => unknown>> = {
  throws: () => () => {
    throw new Error("no");
  },
  rejects: () => () => Promise.reject(new Error("no")),
  hangs: () => () => new Promise(() => {}),
  "re-enters": (hub) => (n) => void (n < 1_000 && hub.emit("told", n + 1_000)),
  unsubscribes: (_hub, off) => () => off(),
};

/** Which of ten listeners beside a bad one missed something. */
function deafened(make: () => Hub, kind: string): number[] {
  const hub = make();
  const heard = Array.from({ length: 10 }, () => new Set<number>());
  const add = (set: Set<number>): unknown => hub.on("told", (n) => set.add(n));
  for (const set of heard.slice(0, 5)) add(set);
  let off = (): void => {};
  const bad = badListeners[kind]?.(hub, () => off());
  off = hub.on("told", (n) => bad?.(n));
  for (const set of heard.slice(5)) add(set);
  for (let n = 0; n < 100; n += 1) {
    try {
      hub.emit("told", n);
    } catch {
      // It got through to the teller.
    }
  }
  return heard.flatMap((set, at) => (Array.from({ length: 100 }, (_, n) => n).every((n) => set.has(n)) ? [] : [at]));
}

const guarded = (): Hub => {
  const listeners = new Listeners(createTestHost());
  return {
    on: (_name, listener) => listeners.on("diagnostic", (_told, { n }) => listener(n as number)),
    emit: (name, n) => listeners.emit("diagnostic", name, { n }),
  };
};
const bare = (): Hub => {
  const emitter = new EventEmitter();
  return {
    on(name, listener) {
      emitter.on(name, listener);
      return () => void emitter.off(name, listener);
    },
    emit: (name, n) => void emitter.emit(name, n),
  };
};

describe("a listener", () => {
  it.for(Object.keys(badListeners))("that %s keeps none of ten others from hearing everything", (kind) => {
    expect(deafened(guarded, kind)).toEqual([]);
  });

  it("would be found to deafen others where its throw reaches the emitter", () => {
    expect(deafened(bare, "throws")).not.toEqual([]);
  });
});

const circular: Record<string, unknown> = {};
circular["self"] = circular;

/** The context as whoever writes an executor without types has it. */
interface UntypedContext extends Omit<RunContext, "emit" | "preview"> {
  emit(type: string, payload: object): Promise<number>;
  preview(type: string, payload: object): void;
}

// What an executor may do to its manager, and how its run ends.
const badExecutors: Readonly<Record<string, (context: UntypedContext) => unknown>> = {
  "throws at once": () => {
    throw new Error("no");
  },
  "rejects with nothing": () => Promise.reject(),
  "rejects with a text": () => Promise.reject("no"),
  "throws something with a getter that throws": () => {
    throw {
      get message() {
        throw new Error("worse");
      },
    };
  },
  "throws what cannot be made a text": () => {
    throw {
      toString() {
        throw new Error("worse");
      },
    };
  },
  "throws an error whose message throws": () => {
    throw Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("worse");
      },
    });
  },
  "ends with nothing": () => null,
  "ends with a reason of its own": () => ({ status: "completed", stop_reason: "joy" }),
  "emits what cannot be written": ({ emit }) => emit("assistant.message", { message_id: "m", text: circular }),
  "emits a number beyond JSON": ({ emit }) => emit("assistant.message", { message_id: "m", text: 1n }),
  "emits what throws when it is written": ({ emit }) =>
    emit("assistant.message", {
      toJSON() {
        throw new Error("no");
      },
    }),
  "emits a type of the manager's own": ({ emit }) => emit("run.completed", {}),
  "previews what cannot be written": ({ preview }) => preview("assistant.delta", circular),
  "ends with no outcome of the contract": () => ({ status: "splendid", stop_reason: "joy" }),
  "asks what is no question": ({ ask }) => ask({ kind: "riddle" } as never),
  "starts a child that cannot be": ({ start }) => start({ prompt: "" }),
};

describe("an executor", () => {
  it.for(Object.keys(badExecutors))("that %s ends its own run and hurts nobody else's", async (kind) => {
    const bad = {
      ...functionExecutor(async () => {}),
      execute: async (context: RunContext) => badExecutors[kind]?.(context),
    } as unknown as Executor;
    const manager = await openManager(
      functionExecutor(async ({ emit }) => void (await emit("turn.started", { turn: 1 }))),
      {
        executors: { bad },
        profiles: { bad: { executor: "bad" } },
        graceMs: 100,
      },
    );
    const runs = [];
    for (let n = 0; n < trials(5, 65); n += 1)
      runs.push(await manager.start({ prompt: "x", profile: "bad" }), await manager.start({ prompt: "x" }));
    const ended = await Promise.all(runs.map((run) => run.done()));
    expect(ended.map(({ status }) => status)).toEqual(
      Array.from({ length: trials(5, 65) }, () => [expect.stringMatching(/^(failed|completed)$/), "completed"]).flat(),
    );
    expect((await manager.start({ prompt: "after" }).then((run) => run.done())).status).toBe("completed");
  });
});

describe("the bound on open questions of a run", () => {
  it("holds for questions that are asked at once", async () => {
    const manager = await openManager(
      functionExecutor(async ({ ask }) => {
        const question = { kind: "text", scope: "user_question", prompt: "?" } as const;
        await Promise.allSettled(Array.from({ length: 10 }, () => ask(question)));
      }),
      { limits: { questionsPerRun: 2 } },
    );
    const { id } = await manager.start({ prompt: "x" });
    await until(async () => (await manager.questions({ run_ids: [id] })).questions.length >= 2);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect((await manager.questions({ run_ids: [id] })).questions).toHaveLength(2);
  });
});
