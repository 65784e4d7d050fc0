import { functionExecutor } from "../../lib/runs/function-executor.js";
import type { Executor } from "../../lib/runs/executor.js";
import type { ExecutorFixture, ExecutorSubject } from "../../lib/testing/executor-suite.js";
import { scriptedExecutor, type ScriptStep } from "../../lib/testing/scripted-executor.js";

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

/** A scripted executor that does what its prompt names. */
export const scripted = (): Executor =>
  scriptedExecutor(
    ({ request }) =>
      scripts[request.prompt] ?? [{ end: { status: "completed", stop_reason: "end_turn", result: request.prompt.slice("echo ".length) } }],
  );

/** A function that does what its prompt names. */
export const plain = (): Executor =>
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

/** What the suite of executors needs to know of them. */
export const subjectOf = (make: () => Executor): ExecutorSubject => ({
  supports: { questions: true, queue: true },
  make: () => fixtureOf(make()),
  options: { graceMs: 500, limits: { killMs: 100 } },
});
