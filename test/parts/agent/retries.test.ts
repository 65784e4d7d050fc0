import { describe, expect, it } from "vitest";
import { retryDelayMs } from "../../../lib/agent/retry.js";
import type { ModelPart } from "../../../lib/agent/ai-sdk.js";
import { createManualClock, type ManualClock } from "../../../lib/testing/manual-clock.js";
import { type AgentBench, agentBench, plainAgent, temporaryFolder, tool } from "../../support/agent.js";
import { until } from "../../support/manager.js";
import { createFakeRun } from "../../support/run-context.js";
import { answer, call, finish, refusal, say, scriptedModel, type ScriptedModel, streamOf } from "../../support/scripted-model.js";

const throwing = (error: Error) => (): Promise<never> => Promise.reject(error);

/** A bench on a clock that the test moves. */
async function timed(model: ScriptedModel): Promise<AgentBench & { readonly clock: ManualClock }> {
  const clock = createManualClock();
  return { ...(await agentBench({ model, clock, tools: [tool("read", "auto_read")] })), clock };
}

describe("A call that fails before its first output", () => {
  it.each([
    ["408", refusal(408)],
    ["409", refusal(409)],
    ["429", refusal(429)],
    ["500", refusal(500)],
    ["529", refusal(529)],
    ["a broken network", refusal(undefined, "Cannot connect to API")],
  ])("is made again after %s, and says so before it waits", async (_name, error) => {
    const model = scriptedModel(throwing(error), throwing(error), answer("At last"));
    const { start, told, seen, clock } = await timed(model);
    const id = await start({ prompt: "x" });
    const first = await seen(id, ({ type }) => type === "model.retry");
    expect(first.payload).toMatchObject({ attempt: 1, max_attempts: 2, reason: expect.stringContaining(error.message) });
    const delayMs = Number(first.payload["delay_ms"]);
    expect(delayMs >= 1_500 && delayMs <= 2_500).toBe(true);
    await clock.advance(delayMs - 1);
    expect(model.calls).toHaveLength(1);
    await clock.advance(1);
    const second = await seen(id, ({ type, payload }) => type === "model.retry" && payload["attempt"] === 2);
    await clock.advance(Number(second.payload["delay_ms"]));
    const { record, of } = await told(id);
    expect([record.status, record.result, of("turn.started").length]).toEqual(["completed", "At last", 1]);
  });

  it("waits as long as the provider asks", async () => {
    const model = scriptedModel(throwing(refusal(429, "slow down", { "retry-after": "7" })), answer("ok"));
    const { start, told, seen, clock } = await timed(model);
    const id = await start({ prompt: "x" });
    const { payload } = await seen(id, ({ type }) => type === "model.retry");
    expect(payload).toEqual({ attempt: 1, max_attempts: 2, delay_ms: 7_000, reason: "429: slow down", status_code: 429 });
    await clock.advance(7_000);
    expect((await told(id)).record.status).toBe("completed");
  });

  it.each([
    [401, "model_auth"],
    [403, "model_auth"],
    [400, "model_error"],
    [404, "model_error"],
  ])("is not made again after %i: the run fails with %s", async (status, code) => {
    const model = scriptedModel(throwing(refusal(status)));
    const { run } = await timed(model);
    const { record, of } = await run({ prompt: "x" });
    expect([record.status, record.error_code, record.error, of("model.retry")]).toEqual([
      "failed",
      code,
      `${status}: status ${status}`,
      [],
    ]);
    expect(model.calls).toHaveLength(1);
  });

  it("fails the run when it has failed once more than it may be repeated", async () => {
    const model = scriptedModel(...[1, 2, 3, 4].map(() => throwing(refusal(503))));
    const { start, told, seen, clock } = await timed(model);
    const id = await start({ prompt: "x" });
    for (const attempt of [1, 2]) {
      const { payload } = await seen(id, (event) => event.type === "model.retry" && event.payload["attempt"] === attempt);
      await clock.advance(Number(payload["delay_ms"]));
    }
    expect([(await told(id)).record.error_code, model.calls.length]).toEqual(["model_error", 3]);
  });

  it("is given up at once when the run is canceled while it waits", async () => {
    const { manager, start, told, seen, clock } = await timed(scriptedModel(throwing(refusal(503))));
    const id = await start({ prompt: "x" });
    await seen(id, ({ type }) => type === "model.retry");
    await manager.cancel(id);
    expect((await told(id)).record.status).toBe("canceled");
    expect(clock.pending).toBe(0);
  });

  it("is made again when nothing comes within the first-byte time-out, and the call that was left is ended", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const silent = ({ abortSignal }: { abortSignal?: AbortSignal | undefined }): ReadableStream<ModelPart> => {
      signals.push(abortSignal);
      return streamOf([{ type: "stream-start", warnings: [] }], "hang");
    };
    const model = scriptedModel(silent, answer("ok"));
    const { start, told, seen, clock } = await timed(model);
    const id = await start({ prompt: "x" });
    await until(() => signals.length === 1 && clock.pending > 0);
    await clock.advance(60_000);
    const { payload } = await seen(id, ({ type }) => type === "model.retry");
    expect(payload["reason"]).toBe("The model sent no output for 60000 ms.");
    expect(signals[0]?.aborted).toBe(true);
    await clock.advance(Number(payload["delay_ms"]));
    expect((await told(id)).record.result).toBe("ok");
  });
});

describe("A call that fails after its output began", () => {
  const half = say("Half of").slice(0, 2);

  it("is run again once when the stream reports an error; what it had begun to say is said anew from its start", async () => {
    const cut: ModelPart[] = [...half, { type: "error", error: refusal(529, "overloaded") }];
    const model = scriptedModel(cut, [...say("The whole"), call("read", {}), finish("tool-calls")], answer("End"));
    const { run } = await timed(model);
    const { record, of } = await run({ prompt: "x" });
    expect(record).toMatchObject({ status: "completed", result: "End", num_turns: 2 });
    expect(of("assistant.message").map(({ message_id, text }) => [message_id, text])).toEqual([
      ["m1_1", "The whole"],
      ["m2_1", "End"],
    ]);
    expect(of("model.retry")).toMatchObject([{ attempt: 1, max_attempts: 1, reason: "529: overloaded", status_code: 529 }]);
    expect(of("tool.result")).toHaveLength(1);
  });

  it("begins the preview of the message again at offset 0", async () => {
    const shown: object[] = [];
    const parts: ModelPart[] = [...half, { type: "text-delta", id: "text-0", delta: " it" }];
    const cut = new ReadableStream<ModelPart>({
      async pull(controller) {
        const part = parts.shift();
        if (!part) await until(() => shown.length === 2);
        controller.enqueue(part ?? { type: "error", error: refusal(529) });
      },
    });
    const model = scriptedModel(() => cut, answer("The whole"));
    const run = createFakeRun({ prompt: "x", profile: "craft" });
    const folder = temporaryFolder();
    const executor = plainAgent({ home: folder, cwd: folder, env: {}, models: () => model });
    const input = { take: () => undefined, next: async () => undefined };
    await executor.execute({ ...run.context, input, preview: (_type, payload) => void shown.push(payload) });
    expect(shown).toEqual([
      { message_id: "m1_1", offset: 0, text: "Half of" },
      { message_id: "m1_1", offset: 7, text: " it" },
      { message_id: "m1_1", offset: 0, text: "The whole" },
    ]);
  });

  it("fails the run when the repetition fails too", async () => {
    const cut: ModelPart[] = [...half, { type: "error", error: refusal(529, "overloaded") }];
    const { run } = await timed(scriptedModel(cut, cut));
    const { record, of } = await run({ prompt: "x" });
    expect([record.status, record.error_code, of("model.retry").length, of("assistant.message")]).toEqual(["failed", "model_error", 1, []]);
  });

  it("runs no tool of a call that was cut off", async () => {
    const cut: ModelPart[] = [call("read", {}), { type: "error", error: refusal(529) }];
    const { run } = await timed(scriptedModel(cut, answer("ok")));
    const { record, of } = await run({ prompt: "x" });
    expect([record.result, of("tool.call")]).toEqual(["ok", []]);
  });

  it("fails the run when the connection breaks", async () => {
    const { run } = await timed(scriptedModel(() => streamOf(half, new Error("socket hang up"))));
    const { record, of } = await run({ prompt: "x" });
    expect([record.status, record.error_code, record.error, of("model.retry")]).toEqual(["failed", "model_error", "socket hang up", []]);
  });

  it("fails the run when nothing more comes within the idle time-out; time that nobody waits does not count", async () => {
    const model = scriptedModel([call("read", {}), finish("tool-calls")], () => streamOf(half, "hang"));
    const { manager, start, told, seen, clock } = await timed(model);
    const id = await start({ prompt: "x" });
    await seen(id, ({ type, payload }) => type === "turn.started" && payload["turn"] === 2);
    await until(() => clock.pending > 0);
    await clock.advance(119_999);
    expect((await manager.get(id)).status).toBe("running");
    await clock.advance(1);
    const { record } = await told(id);
    expect([record.status, record.error_code, record.error]).toEqual([
      "failed",
      "model_error",
      "The model sent nothing more for 120000 ms.",
    ]);
  });

  it("lets no time pass for the model while a question is open", async () => {
    const clock = createManualClock();
    const model = scriptedModel([call("bash", {}), finish("tool-calls")], answer("ok"));
    const { manager, start, told, seen } = await agentBench({ model, clock, tools: [tool("bash", "confirm_execute")] });
    const id = await start({ prompt: "x" });
    const { payload } = await seen(id, ({ type }) => type === "question.asked");
    await clock.advance(3_600_000);
    await manager.answer(id, String(payload["question_id"]), { option_id: "allow_once" });
    expect((await told(id)).record.result).toBe("ok");
  });
});

describe("retryDelayMs", () => {
  it.each([
    [1, 0, 1_500],
    [1, 1, 2_500],
    [2, 0.5, 4_000],
    [10, 0.5, 30_000],
  ])("doubles from two seconds to half a minute: attempt %i at spread %d waits %i ms", (attempt, random, expected) => {
    expect(retryDelayMs(refusal(500), attempt, 0, random)).toBe(expected);
  });

  it.each([
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after-ms": "250" }, 250],
    [{ "retry-after": "3600" }, 60_000],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:20 GMT" }, 10_000],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "soon" }, 2_000],
  ])("takes %o as %i ms", (headers, expected) => {
    expect(retryDelayMs(refusal(429, "x", headers as Record<string, string>), 1, 10_000, 0.5)).toBe(expected);
  });
});
