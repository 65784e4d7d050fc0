import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Caller } from "../../../lib/caller.js";
import { operations } from "../../../lib/contract/index.js";
import { type OperationName, operationSchemas } from "../../../lib/contract/schemas.js";
import { AnodeError } from "../../../lib/errors.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { openManager, untilAborted } from "../../support/manager.js";
import { callerOf, callTool, connectMcp } from "./fixtures.js";

const reader: Caller = { id: "token:1", door: "tcp", scopes: ["read"] };
const greeter = functionExecutor(async ({ request, emit }) => {
  await emit("assistant.message", { message_id: "m1", text: `Hi ${request.prompt}` });
});

/** The tools of a manager without a mesh. */
const served = operations.filter(({ name }) => !/^(?:peers|asks|messages|traces|attachments)\./.test(name));

describe("createMcpServer", () => {
  it("lists every operation of the contract that has a tool name, with a summary and a schema of its input", async () => {
    const client = await connectMcp(callerOf(await openManager(greeter)));
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(served.flatMap(({ tool }) => tool ?? []));
    expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(["run_start", "run_questions", "ask_user"]));
    for (const tool of tools) {
      expect(tool.inputSchema.type).toBe("object");
      expect(tool.inputSchema["additionalProperties"]).toBe(false);
      expect(tool.description).not.toBe("");
    }
    const byName = Object.fromEntries(tools.map((tool) => [tool.name, tool]));
    expect(byName["run_get"]?.inputSchema.required).toEqual(["id"]);
    expect(Object.keys(byName["run_events"]?.inputSchema.properties ?? {})).toEqual(["id", "after", "limit"]);
    expect(byName["run_wait"]?.inputSchema.properties?.["timeout_ms"]).toEqual({ type: "integer", minimum: 0, maximum: 55_000 });
    expect(byName["run_get"]?.annotations).toMatchObject({ readOnlyHint: true });
    expect(byName["run_cancel"]?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  });

  it("leaves out the tools that the caller's scopes do not allow", async () => {
    const client = await connectMcp(callerOf(await openManager(greeter), reader));
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(served.flatMap(({ tool, scope }) => (scope === "read" ? (tool ?? []) : [])));
    const { document, isError } = await callTool(client, "run_start", { prompt: "x" });
    expect({ isError, code: document["code"] }).toEqual({ isError: true, code: "scope_required" });
  });

  it("starts a run, waits for it, and answers its record, its events and the list", async () => {
    const manager = await openManager(greeter);
    const client = await connectMcp(callerOf(manager));
    const started = await callTool(client, "run_start", { prompt: "Ada", run_label: "greeting" });
    const id = started.document["run_id"] as string;
    expect(started).toMatchObject({ isError: false, document: { run_id: expect.stringMatching(/^R-/) } });
    expect((await callTool(client, "run_wait", { id, timeout_ms: 5000 })).document).toMatchObject({
      status: "completed",
      result: "Hi Ada",
    });
    expect((await callTool(client, "run_get", { id })).document).toEqual(await manager.get(id));
    const { document } = await callTool(client, "run_events", { id, after: 1, limit: 2 });
    expect(document).toMatchObject({ events: [{ seq: 2 }, { seq: 3 }], next_after: 3, last_seq: 4, status: "completed" });
    expect((await callTool(client, "run_list")).document).toMatchObject({ runs: [{ id }] });
  });

  it("hands input to a run, shows its questions and cancels it", async () => {
    const manager = await openManager(
      functionExecutor(async ({ ask, input, emit }) => {
        const item = await input.next();
        await item?.delivered();
        await emit("assistant.message", { message_id: "m1", text: `got ${item?.text}` });
        await ask({ kind: "text", scope: "user_question", prompt: "And now?" });
      }),
    );
    const client = await connectMcp(callerOf(manager));
    const asked = new Promise<void>((resolve) => void manager.on("question", () => resolve()));
    const id = (await callTool(client, "run_start", { prompt: "x", keep_open: true })).document["run_id"] as string;
    expect((await callTool(client, "run_input", { id, text: "more" })).document).toEqual({ input_id: "I-1", state: "pending" });
    await asked;
    expect((await callTool(client, "run_questions", { id, status: "open" })).document).toMatchObject({
      questions: [{ run_id: id, prompt: "And now?" }],
    });
    expect(await callTool(client, "run_cancel", { id })).toMatchObject({ isError: false, document: { status: "canceled" } });
    expect((await manager.get(id)).status).toBe("canceled");
  });

  it("answers a refusal as an error with its problem document", async () => {
    const client = await connectMcp(callerOf(await openManager(greeter)));
    const missing = await callTool(client, "run_get", { id: "R-nothing" });
    expect(missing).toMatchObject({
      isError: true,
      document: {
        type: "urn:anode:error:run_not_found",
        title: "Run not found",
        status: 404,
        code: "run_not_found",
        detail: "There is no such run.",
      },
    });
    const wrong = await callTool(client, "run_start", { prompt: " ", promt: "x" });
    expect(wrong).toMatchObject({
      isError: true,
      document: { code: "invalid_request", status: 400, issues: [{ path: "prompt" }, { path: "promt" }] },
    });
  });

  it("tells nothing of an error that is not ours", async () => {
    const client = await connectMcp({ call: () => Promise.reject(new Error("secret")) });
    const { document, isError } = await callTool(client, "run_list");
    expect({ isError, code: document["code"] }).toEqual({ isError: true, code: "internal" });
    expect(JSON.stringify(document)).not.toContain("secret");
  });

  it("refuses a tool that does not exist", async () => {
    const client = await connectMcp(callerOf(await openManager(greeter)));
    await expect(client.callTool({ name: "runs_answer" })).rejects.toMatchObject({ code: -32602 });
  });

  it("fails the listing when the caller cannot be known", async () => {
    const client = await connectMcp({ call: () => Promise.reject(new AnodeError("connection_refused", "No daemon answers.")) });
    await expect(client.listTools()).rejects.toThrow(/No daemon answers/);
  });

  it("aborts the operation when the client cancels its call", async () => {
    const manager = await openManager(untilAborted);
    const { id } = await manager.start({ prompt: "x" });
    const over = callerOf(manager);
    const { promise: seen, resolve } = Promise.withResolvers<AbortSignal>();
    const client = await connectMcp({
      call(name, input, options) {
        if (options?.signal) resolve(options.signal);
        return over.call(name, input, options);
      },
    });
    const abort = new AbortController();
    const waiting = client.callTool({ name: "run_wait", arguments: { id } }, undefined, { signal: abort.signal });
    const signal = await seen;
    abort.abort();
    await expect(waiting).rejects.toThrow();
    if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done));
    expect((await manager.get(id)).status).toBe("running");
  });
});

describe("the input schemas of the tools", () => {
  it("rename only what the operations take", () => {
    for (const { name, tool_fields } of operations) {
      const schema = z.toJSONSchema(operationSchemas[name as OperationName].input, { io: "input", unrepresentable: "any" });
      const unknown = Object.values(tool_fields ?? {}).filter((field) => !Object.hasOwn(schema.properties ?? {}, field));
      expect([name, unknown]).toEqual([name, []]);
    }
  });

  it("take what the operations take, in their JSON spelling", async () => {
    const client = await connectMcp(callerOf(await openManager(greeter)));
    const { tools } = await client.listTools();
    const validator = new AjvJsonSchemaValidator();
    const check = (name: string, input: object): boolean => {
      const tool = tools.find((candidate) => candidate.name === name);
      return tool !== undefined && validator.getValidator(tool.inputSchema as never)(input).valid;
    };
    expect(check("run_start", { prompt: "x", budget: { wall_ms: 5 }, approval_mode: "yolo", argv: ["ls"] })).toBe(true);
    expect(check("run_start", { prompt: 5 })).toBe(false);
    expect(check("run_list", { limit: 5, status: ["active"] })).toBe(true);
    expect(check("run_list", { limit: "5" })).toBe(false);
    expect(check("run_events", { id: "R-1", after: 7 })).toBe(true);
    expect(check("run_events", { id: "R-1", follow: true })).toBe(false);
    expect(check("run_get", {})).toBe(false);
  });
});
