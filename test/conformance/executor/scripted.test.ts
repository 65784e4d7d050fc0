import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { Executor } from "../../../lib/runs/executor.js";
import { type ExecutorFixture, executorSuite, type ExecutorSubject } from "../../../lib/testing/executor-suite.js";
import { scriptedExecutor, type ScriptStep } from "../../../lib/testing/scripted-executor.js";
import { failuresOf, runSuite } from "../../../lib/testing/suite.js";

const say = (text: string): ScriptStep => ({ emit: { type: "assistant.message", payload: { message_id: text, text } } });
const scripts: Readonly<Record<string, readonly ScriptStep[]>> = {
  ordered: ["a", "b", "c", "d"].map(say),
  failing: [say("before"), { throw: "no luck" }],
  endless: [say("at work"), { hang: true }],
  asking: [{ ask: { kind: "text", scope: "user_question", prompt: "Name?" } }],
  listening: [{ awaitInput: true }],
};

/** The same requests for any executor whose prompt names what to do. */
function fixtureOf(executor: Executor): ExecutorFixture {
  return {
    executor,
    ordered: {
      request: { prompt: "ordered" },
      expected: "abcd",
      read: ({ events }) => events.flatMap((event) => (event.type === "assistant.message" ? [String(event.payload["text"])] : [])).join(""),
    },
    echo: { request: (text) => ({ prompt: `echo ${text}` }), read: ({ record }) => record.result ?? "" },
    failing: { request: { prompt: "failing" }, error_code: "executor_error" },
    endless: { request: { prompt: "endless" }, ready: (event) => event.type === "assistant.message" },
    asking: { request: { prompt: "asking" } },
    listening: { request: { prompt: "listening" } },
  };
}

const scripted = (): Executor =>
  scriptedExecutor(
    ({ request }) =>
      scripts[request.prompt] ?? [{ end: { status: "completed", stop_reason: "end_turn", result: request.prompt.slice("echo ".length) } }],
  );
const plain = (): Executor =>
  functionExecutor(async ({ request, emit, signal, ask, input }) => {
    const tell = (text: string): Promise<number> => emit("assistant.message", { message_id: text, text });
    if (request.prompt === "ordered") for (const text of "abcd") await tell(text);
    if (request.prompt === "failing") throw new Error("no luck");
    if (request.prompt === "asking") await ask({ kind: "text", scope: "user_question", prompt: "Name?" });
    if (request.prompt === "listening") await (await input.next())?.delivered();
    if (request.prompt === "endless") {
      await tell("at work");
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));
    }
    return request.prompt.slice("echo ".length);
  });

const subject = (make: () => Executor): ExecutorSubject => ({
  supports: { questions: true, queue: true },
  make: () => fixtureOf(make()),
  options: { graceMs: 500, limits: { killMs: 100 } },
});

describe("scriptedExecutor", () => {
  runSuite(it, executorSuite, subject(scripted));
});
describe("functionExecutor", () => {
  runSuite(it, executorSuite, subject(plain));
});

describe("the suite of Executor", () => {
  const wrap = (executor: Executor, execute: Executor["execute"]): Executor => ({ ...executor, execute });
  it.each<[string, () => Executor]>([
    [
      "says it completed whatever happens",
      () =>
        wrap(plain(), (context) =>
          plain()
            .execute(context)
            .catch(() => ({ status: "completed", stop_reason: "end_turn" })),
        ),
    ],
    ["does not hear the abort", () => wrap(plain(), (context) => plain().execute({ ...context, signal: new AbortController().signal }))],
    [
      "gives every run the first one's result",
      () => {
        let first: Awaited<ReturnType<Executor["execute"]>> | undefined;
        return wrap(plain(), async (context) => {
          const outcome = await plain().execute(context);
          if (!context.request.prompt.startsWith("echo ")) return outcome;
          return (first ??= outcome);
        });
      },
    ],
  ])(
    "fails for one that %s",
    async (_what, make) => {
      expect(await failuresOf(executorSuite, subject(make))).not.toEqual([]);
    },
    30_000,
  );
});
