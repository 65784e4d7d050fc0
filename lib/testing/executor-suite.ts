import type { StreamEvent } from "../events/event.js";
import type { Executor } from "../runs/executor.js";
import {
  type ErrorCode,
  RunManager,
  type RunManagerOptions,
  type RunRequest,
  type RunSummary,
  supportsNothing,
  systemHost,
} from "../index.js";
import { expectEqual, expectRejection, expectTrue } from "./expect.js";
import type { Suite } from "./suite.js";

/** What can be read of a run that has ended. */
export interface EndedRun {
  readonly record: RunSummary;
  readonly events: readonly StreamEvent[];
}

/** The executor under test with requests that make it do something known. */
export interface ExecutorFixture {
  readonly executor: Executor;
  /** Does some work, in a known order, and completes. */
  readonly ordered: { readonly request: RunRequest; readonly expected: string; read(run: EndedRun): string };
  /** Gives back a text of the caller's. */
  readonly echo: { request(text: string): RunRequest; read(run: EndedRun): string };
  /** Fails in the middle of its work. */
  readonly failing: { readonly request: RunRequest; readonly error_code: string };
  /** Works without end; `ready` is true of an event after which it is in the middle of its work. */
  readonly endless: { readonly request: RunRequest; ready(event: StreamEvent): boolean };
  /** Asks one text question and completes; for `questions`. */
  readonly asking?: { readonly request: RunRequest };
  /** Takes one queued input as a task, with or without staying for more; for `queue`. */
  readonly listening?: { readonly request: RunRequest };
  /** Is refused by `prepare`; for `prepare`. */
  readonly refused?: { readonly request: RunRequest; readonly code: ErrorCode };
}

/** An implementation of `Executor` to be tested. */
export interface ExecutorSubject {
  /** Which of the optional requests of its fixture are there. */
  readonly supports: { readonly questions?: boolean; readonly queue?: boolean; readonly prepare?: boolean };
  /** A new executor. */
  make(): ExecutorFixture | Promise<ExecutorFixture>;
  /** Name under which it is registered. @defaultValue "subject" */
  readonly name?: string;
  /** What else the manager has to be told. */
  readonly options?: RunManagerOptions;
  /** Time it may take to end after an abort, in milliseconds. @defaultValue 2000 */
  readonly graceMs?: number;
}

interface Bench extends ExecutorFixture {
  readonly manager: RunManager;
  start(request: RunRequest): Promise<string>;
  /** Waits for the end of the run. */
  ended(id: string): Promise<EndedRun>;
  /** Starts the endless request and waits until it is at work. */
  startEndless(): Promise<string>;
}

/** What every {@link Executor} promises. */
export const executorSuite: Suite<ExecutorSubject> = {
  plugPoint: "Executor",
  cases: [
    caseOf("executor.declares", "declares every ability as true or false, and prepare promises no more", async ({ executor, ordered }) => {
      for (const ability of Object.keys(supportsNothing) as (keyof typeof supportsNothing)[]) {
        expectTrue(typeof executor.supports[ability] === "boolean", `supports.${ability} is a boolean`);
      }
      expectTrue(executor.kind !== "", "it has a kind");
      const normal = { profile: "craft", approval_mode: "ask", key: "k", priority: 0, ...ordered.request } as const;
      const prepared = await executor.prepare?.({ ...normal, prompt: ordered.request.prompt ?? "", approval_mode: "ask" }, {});
      for (const [ability, granted] of Object.entries(prepared?.supports ?? {})) {
        expectTrue(!granted || executor.supports[ability as keyof typeof supportsNothing], `prepare does not add ${ability}`);
      }
    }),
    caseOf("executor.order", "tells its events in the order of its work and ends completed", async ({ start, ended, ordered }) => {
      const run = await ended(await start(ordered.request));
      expectEqual(run.record.status, "completed", "the status");
      expectEqual(ordered.read(run), ordered.expected, "the order of the work");
      expectEqual(
        run.events.map((event) => event.seq),
        run.events.map((_, index) => index + 1),
        "seq without a hole",
      );
    }),
    caseOf("executor.failure", "turns what goes wrong into a failed run with its cause", async ({ start, ended, failing }) => {
      const { record } = await ended(await start(failing.request));
      expectEqual([record.status, record.error_code], ["failed", failing.error_code], "status and code");
      expectTrue((record.error ?? "").trim() !== "", "the error says what happened");
    }),
    caseOf(
      "executor.abort",
      "settles within the grace after an abort, and the run is canceled",
      async ({ manager, startEndless, ended }) => {
        const id = await startEndless();
        await manager.cancel(id);
        const { record, events } = await ended(id);
        expectEqual(record.status, "canceled", "the status");
        expectTrue(events.at(-1)?.payload["forced"] === undefined, "it settled by itself");
      },
    ),
    caseOf("executor.abort", "settles when the abort comes before it has done anything", async ({ manager, start, ended, endless }) => {
      const id = await start(endless.request);
      await manager.cancel(id);
      const { record, events } = await ended(id);
      expectEqual(record.status, "canceled", "the status");
      expectTrue(events.at(-1)?.payload["forced"] === undefined, "it settled by itself");
    }),
    caseOf("executor.abort", "settles within the grace when its time budget is used up", async ({ start, ended, endless }) => {
      const { record, events } = await ended(await start({ ...endless.request, budget: { wall_ms: 300 } }));
      expectEqual([record.status, record.stop_reason], ["failed", "budget_wall"], "status and reason");
      expectTrue(events.at(-1)?.payload["forced"] === undefined, "it settled by itself");
    }),
    caseOf("executor.apart", "shares no state between runs: each of several at once gives its own text", async ({ start, ended, echo }) => {
      const texts = Array.from({ length: 6 }, (_, index) => `text-${index}`);
      const ids = await Promise.all(texts.map((text) => start(echo.request(text))));
      const runs = await Promise.all(ids.map(ended));
      expectEqual(runs.map(echo.read), texts, "each run's own text");
    }),
    caseOf(
      "executor.apart",
      "shares no state between runs: an abort ends one and leaves the other at work",
      async ({ manager, startEndless, ended }) => {
        const [first, second] = [await startEndless(), await startEndless()];
        await manager.cancel(first);
        expectEqual((await manager.get(second)).status, "running", "the other run's status");
        await manager.cancel(second);
        expectEqual((await ended(second)).record.status, "canceled", "the other run's end");
      },
    ),
    caseOf(
      "executor.silent",
      "tells nothing more once it has settled",
      async ({ manager, start, startEndless, ended, ordered, failing }) => {
        await ended(await start(ordered.request));
        await ended(await start(failing.request));
        const id = await startEndless();
        await manager.cancel(id);
        await pause(50);
        expectEqual((await manager.stats()).diagnostics, {}, "no event and no outcome after the end");
      },
    ),
    caseOf("executor.close", "can be closed twice", async ({ executor }) => {
      await executor.close?.();
      await executor.close?.();
    }),
    {
      ...caseOf(
        "executor.questions",
        "waits for the answer of its question, and for no longer than its run",
        async ({ manager, start, ended, asking }) => {
          const answered = await start(given(asking).request);
          const question = await openQuestion(manager, answered);
          await manager.answer(answered, question, { text: "yes" });
          expectEqual((await ended(answered)).record.status, "completed", "the status after the answer");
          const canceled = await start(given(asking).request);
          await openQuestion(manager, canceled);
          await manager.cancel(canceled);
          const { record, events } = await ended(canceled);
          expectEqual(record.status, "canceled", "the status after a cancel");
          expectTrue(events.at(-1)?.payload["forced"] === undefined, "it settled by itself");
        },
      ),
      needs: "questions",
    },
    {
      ...caseOf("executor.queue", "takes queued input as its next task and says so", async ({ manager, start, ended, listening }) => {
        const id = await start({ ...given(listening).request, keep_open: true });
        const { input_id } = await manager.input(id, { text: "go on" });
        for await (const event of manager.attach(id)) {
          if (event.type === "input.completed" && event.payload["input_id"] === input_id) break;
        }
        // One that stays for more input is not waited for.
        await manager.cancel(id).catch(() => {});
        const { record, events } = await ended(id);
        expectTrue(record.status === "completed" || record.status === "canceled", "it ends as it should");
        const told = events.flatMap(({ type, payload }) => (payload["input_id"] === input_id && type !== "user.message" ? [type] : []));
        expectEqual(told, ["input.accepted", "input.delivered", "input.completed"], "what was told of the input");
      }),
      needs: "queue",
    },
    {
      ...caseOf(
        "executor.prepare",
        "refuses by name in prepare what it cannot do, before anything is stored",
        async ({ manager, refused }) => {
          const { request, code } = given(refused);
          await expectRejection(manager.start(request), code, "The start");
          expectEqual((await manager.list()).runs.length, 0, "the number of runs");
        },
      ),
      needs: "prepare",
    },
  ],
};

function caseOf(clause: string, title: string, body: (bench: Bench) => Promise<void>) {
  return { clause, title, run: (subject: ExecutorSubject): Promise<void> => onBench(subject, body) };
}

async function onBench(subject: ExecutorSubject, body: (bench: Bench) => Promise<void>): Promise<void> {
  const { name = "subject", graceMs = 2_000, options, make } = subject;
  const fixture = await make();
  const manager = new RunManager({
    ...options,
    executors: { ...options?.executors, [name]: fixture.executor },
    profiles: { craft: { executor: name }, ...options?.profiles },
    graceMs,
  });
  await manager.open();
  const bench: Bench = {
    ...fixture,
    manager,
    start: async (request) => (await manager.start(request)).id,
    ended: (id) => endedRun(manager, id, graceMs * 3 + 5_000),
    async startEndless() {
      const { id } = await manager.start(fixture.endless.request);
      for await (const event of manager.attach(id)) if ("seq" in event && fixture.endless.ready(event)) break;
      return id;
    },
  };
  try {
    await body(bench);
  } finally {
    await manager.close();
  }
}

async function endedRun(manager: RunManager, id: string, timeoutMs: number): Promise<EndedRun> {
  const record = await manager.wait(id, { timeoutMs });
  const events: StreamEvent[] = [];
  for await (const event of manager.attach(id, { follow: false })) if ("seq" in event) events.push(event);
  return { record, events };
}

/** The id of the run's open question, as soon as there is one. */
async function openQuestion(manager: RunManager, id: string): Promise<string> {
  for await (const event of manager.attach(id)) {
    if (event.type === "question.asked") return String(event.payload["question_id"]);
  }
  throw new Error("Broken: the run ended without its question.");
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("The fixture has no request for an ability that it declares.");
  return value;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemHost.clock.schedule(() => resolve(), ms));
}
