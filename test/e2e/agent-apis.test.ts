import { describe, expect, it } from "vitest";
import { createManualClock } from "../../lib/testing/manual-clock.js";
import { agentBench, tool } from "../support/agent.js";
import { answering, apis, configAt, fakeModel } from "../support/agent-apis.js";

describe.each(apis)("The agent over the API $api", ({ api, model }) => {
  it("runs a whole task: reasoning, text, parallel tools, an answer, exact usage", async () => {
    const fake = await fakeModel();
    const tools = [tool("bash", "confirm_execute"), tool("create_file", "confirm_write"), tool("read", "auto_read")];
    const { run } = await agentBench({ config: configAt(fake.url), tools });
    const prompt = "do #script think let me see | say I look | sh ls & write a.txt some text | read a.txt | say All done";
    const { record, of } = await run({ prompt, model, approval_mode: "unrestricted" });
    expect(record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: "All done", num_turns: 3, model });
    expect(of("reasoning.message").map(({ text }) => text)).toEqual(["let me see"]);
    expect(of("assistant.message").map(({ text }) => text)).toEqual(["I look", "All done"]);
    expect(tools.map(({ calls }) => calls)).toEqual([[{ command: "ls" }], [{ path: "a.txt", content: "some text" }], [{ path: "a.txt" }]]);
    expect(of("tool.result").map(({ ok }) => ok)).toEqual([true, true, true]);
    // 100 a request; one a word or call.
    expect([record.usage?.input_tokens, record.usage?.output_tokens]).toEqual([300, 3 + 2 + 2 + 1 + 2]);
    expect(fake.requests.map((request) => [request.api, request.turn, request.ended])).toEqual([
      [api, 0, "finished"],
      [api, 1, "finished"],
      [api, 2, "finished"],
    ]);
  });

  it.each([
    ["while it speaks", "#script slow 1000 10", "turn.started"],
    ["while it is silent", "#script say Wait | hang", "turn.started"],
  ])("lets a cancel reach the model %s", async (_when, prompt, ready) => {
    const fake = await fakeModel();
    const { manager, start, told, seen } = await agentBench({ config: configAt(fake.url), tools: [tool("read", "auto_read")] });
    const id = await start({ prompt, model });
    await seen(id, ({ type }) => type === ready);
    await manager.cancel(id);
    const { record, events } = await told(id);
    expect([record.status, events.at(-1)?.payload["forced"]]).toEqual(["canceled", undefined]);
    await fake.seen(([request]) => request?.ended === "by-client");
    expect(fake.requests).toHaveLength(1);
  });

  it("lets a cancel reach the model before it has said anything", async () => {
    const fake = await fakeModel();
    const { manager, start, told } = await agentBench({ config: configAt(fake.url), tools: [tool("read", "auto_read")] });
    const id = await start({ prompt: "#script hang", model });
    await fake.seen((requests) => requests.length === 1);
    await manager.cancel(id);
    expect((await told(id)).record.status).toBe("canceled");
    await fake.seen(([request]) => request?.ended === "by-client");
  });

  it.each([
    [400, "model_error"],
    [401, "model_auth"],
  ])("does not repeat a call that is refused with %i", async (status, code) => {
    const fake = await fakeModel();
    const { run } = await agentBench({ config: configAt(fake.url), tools: [tool("read", "auto_read")] });
    const { record } = await run({ prompt: `#script error ${status}`, model });
    expect([record.status, record.error_code, record.error]).toEqual(["failed", code, `${status}: scripted ${status}`]);
    expect(fake.requests).toHaveLength(1);
  });

  it.each([429, 529])("repeats a call that is refused with %i, twice", async (status) => {
    const fake = await fakeModel();
    const clock = createManualClock();
    const { start, told, seen } = await agentBench({ config: configAt(fake.url), clock, tools: [tool("read", "auto_read")] });
    const id = await start({ prompt: `#script error ${status}`, model });
    for (const attempt of [1, 2]) {
      const { payload } = await seen(id, (event) => event.type === "model.retry" && event.payload["attempt"] === attempt);
      expect(payload).toMatchObject({ status_code: status, max_attempts: 2 });
      await clock.advance(Number(payload["delay_ms"]));
    }
    expect((await told(id)).record).toMatchObject({ status: "failed", error_code: "model_error", error: `${status}: scripted ${status}` });
    expect(fake.requests).toHaveLength(3);
  });

  it("runs a step again once when the stream reports an error after output, then fails", async () => {
    const fake = await fakeModel();
    const { run } = await agentBench({ config: configAt(fake.url), tools: [tool("read", "auto_read")] });
    const { record, of } = await run({ prompt: "#script say Half | error 529", model });
    expect([record.status, record.error_code, record.error]).toEqual(["failed", "model_error", expect.stringContaining("scripted 529")]);
    expect([of("model.retry").length, fake.requests.length]).toEqual([1, 2]);
  });

  it("goes on with its thread in another run", async () => {
    const fake = await fakeModel();
    const { run } = await agentBench({ config: configAt(fake.url), tools: [tool("bash", "auto_read")] });
    const first = await run({ prompt: "#script think first | sh ls | say One", model });
    const second = await run({ prompt: "go on", model, session_id: first.record.session_id as string });
    // Its script is over, so the model knows that there was one.
    expect([second.record.status, second.record.result, fake.requests.at(-1)?.turn]).toEqual(["completed", "Done.", 2]);
    expect(second.record.session_id).toBe(first.record.session_id);
  });

  it.each<[string, Parameters<typeof answering>[0]]>([
    ["a page of HTML", (outgoing) => outgoing.writeHead(200, { "content-type": "text/html" }).end("<html>Login</html>")],
    ["an empty stream", (outgoing) => outgoing.writeHead(200, { "content-type": "text/event-stream" }).end()],
    ["events that are no JSON", (outgoing) => outgoing.writeHead(200, { "content-type": "text/event-stream" }).end("data: {nonsense\n\n")],
    ["JSON of another kind", (outgoing) => outgoing.writeHead(200, { "content-type": "text/event-stream" }).end('data: {"a":[1]}\n\n')],
    [
      "a connection that breaks",
      (outgoing) => outgoing.writeHead(200, { "content-type": "text/event-stream" }).write("data: ", () => outgoing.destroy()),
    ],
  ])("fails with model_error at %s", async (_name, respond) => {
    const { url } = await answering(respond);
    const { run } = await agentBench({ config: configAt(url, { maxRetries: 0 }), tools: [tool("read", "auto_read")] });
    const { record } = await run({ prompt: "x", model });
    expect([record.status, record.error_code]).toEqual(["failed", "model_error"]);
    expect((record.error ?? "").length).toBeGreaterThan(5);
  });

  it("says that nobody answers at the address", async () => {
    const { run } = await agentBench({ config: configAt("http://127.0.0.1:1", { maxRetries: 0 }) });
    const { record } = await run({ prompt: "x", model });
    expect(record).toMatchObject({ status: "failed", error_code: "model_error", error: expect.stringContaining("Cannot connect") });
  });
});
