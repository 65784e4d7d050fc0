import { describe, expect } from "vitest";
import type { RunSummary } from "../../lib/runs/schema.js";
import { operations } from "../../lib/contract/index.js";
import { verifies } from "./verifies.js";
import type { RawReply, Subject } from "./subjects.js";

const json = { "content-type": "application/json" };
const seedBody = {
  prompt: "summarize this repository",
  profile: "craft",
  model: "anthropic/claude-sonnet-4-6",
  max_turns: 20,
  approval_mode: "auto",
  run_label: "summary",
} as const;

async function ended({ client }: Subject, id: string): Promise<RunSummary> {
  return client.runs.wait({ id, timeout_ms: 20_000 });
}

async function typesOf(subject: Subject, id: string, after = 0): Promise<string[]> {
  const types: string[] = [];
  for await (const event of subject.client.runs.attach(id, { after })) types.push(event.type);
  return types;
}

async function statusIs({ client }: Subject, id: string, status: string): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if ((await client.runs.get({ id })).status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never ${status}`);
}

function framesOf(reply: RawReply): { id: string; data: string; raw: string }[] {
  return reply.text
    .split("\n\n")
    .filter((block) => block.startsWith("id: "))
    .map((raw) => ({ raw, id: /^id: ([^\n]*)$/m.exec(raw)?.[1] ?? "", data: /^data: ([^\n]*)/m.exec(raw)?.[1] ?? "" }));
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: { code?: string }) => error.code,
  );

describe("the Anode daemon's promises", () => {
  verifies("anode.health", async (subject) => {
    expect(await subject.client.health()).toMatchObject({ status: "ok", active_runs: 0 });
    const { run_id } = await subject.client.runs.start({ prompt: "x", profile: "hang" });
    expect(await subject.client.health()).toMatchObject({ status: "ok", active_runs: 1 });
    await subject.client.runs.cancel({ id: run_id });
    expect(await subject.client.health()).toMatchObject({ active_runs: 0, runs: { canceled: 1 } });
  });

  verifies("anode.runs.start", async (subject) => {
    const reply = await subject.client.runs.start({ prompt: "investigate flaky tests" });
    expect(Object.keys(reply)).toEqual(["run_id"]);
    expect(reply.run_id).toMatch(/^R-\d{19}_\d+$/);
    expect(await ended(subject, reply.run_id)).toMatchObject({ status: "completed", result: "did: investigate flaky tests" });
    if (subject.carrier === "in_process") return;
    const raw = await subject.raw("POST", "/runs", { headers: json, body: JSON.stringify({ prompt: "x" }) });
    expect(raw.status).toBe(201);
    expect(raw.headers["location"]).toBe(`/runs/${JSON.parse(raw.text).run_id}`);
  });

  verifies("anode.runs.start.seed-body", async (subject) => {
    const { run_id } = await subject.client.runs.start(seedBody);
    expect(await ended(subject, run_id)).toMatchObject({
      status: "completed",
      profile: "craft",
      label: "summary",
      prompt: "summarize this repository",
      model: "anthropic/claude-sonnet-4-6",
      max_turns: 20,
      approval_mode: "auto",
    });
  });

  verifies("anode.runs.start.prompt-required", async ({ client }) => {
    await expect(client.runs.start({})).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "prompt", code: "required" }] },
    });
    await expect(client.runs.start({ prompt: "  " })).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "prompt", code: "blank" }] },
    });
    expect((await client.runs.list()).runs).toEqual([]);
  });

  verifies("anode.runs.start.profile-default", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x" });
    expect((await subject.client.runs.get({ id: run_id })).profile).toBe("craft");
  });

  verifies("anode.runs.start.approval-mode", async ({ client }) => {
    const modes = { "": "ask", ask: "ask", auto: "auto", unrestricted: "unrestricted", yolo: "unrestricted" } as const;
    for (const [approval_mode, effective] of Object.entries(modes) as [keyof typeof modes, string][]) {
      const { run_id } = await client.runs.start({ prompt: "x", approval_mode });
      expect((await client.runs.get({ id: run_id })).approval_mode).toBe(effective);
    }
    expect(await codeOf(client.runs.start({ prompt: "x", approval_mode: "all" as never }))).toBe("invalid_request");
  });

  verifies("anode.runs.start.unknown-field", async ({ client }) => {
    await expect(client.runs.start({ prompt: "x", promtp: "y" } as never)).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "promtp", code: "unknown_field" }] },
    });
  });

  verifies("anode.runs.list", async (subject) => {
    const ids: string[] = [];
    for (const prompt of ["one", "two", "three"]) ids.push((await subject.client.runs.start({ prompt, run_label: prompt })).run_id);
    for (const id of ids) await ended(subject, id);
    const { runs } = await subject.client.runs.list();
    expect(runs.map((run) => run.id)).toEqual(ids.reverse());
    expect(runs[0]).toMatchObject({ status: "completed", profile: "craft", label: "three", prompt: "three", result: "did: three" });
    expect(Date.parse(runs[0]?.ended_at ?? "")).toBeGreaterThanOrEqual(Date.parse(runs[0]?.started_at ?? ""));
    expect((await subject.client.runs.list({ status: ["active"] })).runs).toEqual([]);
    expect((await subject.client.runs.list({ label: "two" })).runs).toHaveLength(1);
    expect(await codeOf(subject.client.runs.list({ cursor: "nonsense" }))).toBe("invalid_cursor");
  });

  verifies("anode.runs.list.limit", async (subject) => {
    const { client } = subject;
    for (let i = 0; i < 5; i++) await client.runs.start({ prompt: `p${i}` });
    expect((await client.runs.list({ limit: 3 })).runs).toHaveLength(3);
    expect((await client.runs.list({ limit: 0 })).runs).toHaveLength(5);
    expect(await codeOf(client.runs.list({ limit: 1001 }))).toBe("invalid_request");
  });

  verifies("anode.runs.list.pages", async ({ client }) => {
    for (let i = 0; i < 7; i++) await client.runs.start({ prompt: `p${i}` });
    const prompts: string[] = [];
    for await (const run of client.runs.iterate({ limit: 3 })) {
      prompts.push(run.prompt);
      if (prompts.length === 4) await client.runs.start({ prompt: "later" });
    }
    expect(prompts).toEqual(["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
  });

  verifies("anode.runs.get", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x" });
    expect(await subject.client.runs.get({ id: run_id })).toMatchObject({ id: run_id, prompt: "x" });
    expect(await codeOf(subject.client.runs.get({ id: "R-1760000000000000000_1" }))).toBe("run_not_found");
    expect(await codeOf(subject.client.runs.get({ id: "no id at all" }))).toBe("run_not_found");
  });

  verifies("anode.runs.events", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "tasks", keep_open: true });
    await statusIs(subject, run_id, "running");
    const events = client.runs.attach(run_id);
    const seen: string[] = [];
    for (let next = await events.next(); !next.done && next.value.type !== "run.idle"; next = await events.next())
      seen.push(next.value.type);
    expect(seen).toEqual(["run.queued", "run.started"]);
    await client.runs.input({ id: run_id, text: "more" });
    for (let next = await events.next(); !next.done && next.value.type !== "run.idle"; next = await events.next())
      seen.push(next.value.type);
    const canceled = client.runs.cancel({ id: run_id });
    for (let next = await events.next(); !next.done; next = await events.next()) seen.push(next.value.type);
    await canceled;
    expect(seen.slice(2)).toEqual([
      "input.accepted",
      "input.delivered",
      "assistant.message",
      "input.completed",
      "run.cancel_requested",
      "run.canceled",
    ]);
  });

  verifies(
    "anode.runs.events.sse",
    async (subject) => {
      const { run_id } = await subject.client.runs.start({ prompt: "line one\nline two\r\u2028 é 😀" });
      await ended(subject, run_id);
      const reply = await subject.raw("GET", `/runs/${run_id}/events`);
      expect(reply).toMatchObject({
        status: 200,
        headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" },
      });
      expect(reply.text.startsWith("retry: 1000\n\n")).toBe(true);
      expect(reply.text).not.toContain("event:");
      const frames = framesOf(reply);
      expect(frames.map((frame) => frame.id)).toEqual(["1", "2", "3", "4", "5"]);
      for (const { raw, id, data } of frames) {
        expect(raw).toBe(`id: ${id}\ndata: ${data}`);
        expect(JSON.parse(data)).toMatchObject({ id: `evt_${id}`, run_id, seq: Number(id) });
      }
      expect(JSON.parse(frames[0]?.data ?? "").payload.prompt).toBe("line one\nline two\r\u2028 é 😀");
    },
    { carriers: ["memory", "tcp", "unix"] },
  );

  verifies("anode.runs.events.resume", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x" });
    await ended(subject, run_id);
    const path = `/runs/${run_id}/events`;
    const ids = async (target: string, headers: Record<string, string> = {}): Promise<string[]> =>
      framesOf(await subject.raw("GET", target, { headers })).map((frame) => frame.id);
    expect(await ids(path, { "last-event-id": "3" })).toEqual(["4", "5"]);
    expect(await ids(`${path}?after=2`)).toEqual(["3", "4", "5"]);
    expect(await ids(`${path}?after=2`, { "last-event-id": "4" })).toEqual(["5"]);
    expect(await subject.raw("GET", `${path}?after=5`)).toMatchObject({ status: 204, text: "" });
    expect(await subject.raw("GET", path, { headers: { "last-event-id": "900" } })).toMatchObject({ status: 204 });
    expect(JSON.parse((await subject.raw("GET", `${path}?after=-1`)).text)).toMatchObject({ code: "invalid_cursor" });
    const active = await subject.client.runs.start({ prompt: "x", profile: "hang" });
    expect(JSON.parse((await subject.raw("GET", `/runs/${active.run_id}/events?after=99`)).text)).toMatchObject({ code: "cursor_ahead" });
    await subject.client.runs.cancel({ id: active.run_id });
  });

  verifies("anode.runs.events.independent", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x", profile: "hang" });
    const slow = subject.client.runs.attach(run_id);
    await slow.next();
    const others = [typesOf(subject, run_id), typesOf(subject, run_id, 1)];
    await statusIs(subject, run_id, "running");
    await subject.client.runs.cancel({ id: run_id });
    const all = ["run.queued", "run.started", "turn.started", "run.cancel_requested", "run.canceled"];
    expect(await Promise.all(others)).toEqual([all, all.slice(1)]);
    const rest: string[] = [];
    for await (const event of slow) rest.push(event.type);
    expect(rest).toEqual(all.slice(1));
  });

  verifies("anode.runs.events.ndjson", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x" });
    await ended(subject, run_id);
    const path = `/runs/${run_id}/events`;
    const lines = await subject.raw("GET", path, { headers: { accept: "application/x-ndjson" } });
    expect(lines.headers["content-type"]).toBe("application/x-ndjson");
    const events = lines.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    const page = JSON.parse((await subject.raw("GET", `${path}?after=1&limit=2`, { headers: { accept: "application/json" } })).text);
    expect(page).toEqual({ events: events.slice(1, 3), first_seq: 1, last_seq: 5, next_after: 3, status: "completed" });
    expect((await subject.raw("GET", path, { headers: { accept: "text/html" } })).status).toBe(406);
  });

  verifies("anode.attach.ended", async (subject) => {
    const { run_id } = await subject.client.runs.start({ prompt: "x" });
    const all = ["run.queued", "run.started", "turn.started", "assistant.message", "run.completed"];
    expect(await typesOf(subject, run_id)).toEqual(all);
    expect(await typesOf(subject, run_id)).toEqual(all);
  });

  verifies("anode.runs.cancel", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "hang" });
    expect(await client.runs.cancel({ id: run_id, reason: "enough" })).toEqual({ status: "canceled" });
    expect(await client.runs.cancel({ id: run_id })).toEqual({ status: "canceled" });
    const done = await client.runs.start({ prompt: "x" });
    await ended(subject, done.run_id);
    await expect(client.runs.cancel({ id: done.run_id })).rejects.toMatchObject({
      code: "run_finished",
      details: { run_status: "completed" },
    });
    expect(await codeOf(client.runs.cancel({ id: "R-1760000000000000000_1" }))).toBe("run_not_found");
  });

  verifies("anode.runs.background", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "tasks", keep_open: true });
    const reader = client.runs.attach(run_id);
    await reader.next();
    await reader.return?.();
    await expect(client.runs.wait({ id: run_id, timeout_ms: 0 })).resolves.toMatchObject({
      status: expect.stringMatching(/queued|running/),
    });
    await client.runs.input({ id: run_id, text: "still there?" });
    for await (const event of client.runs.attach(run_id)) if (event.type === "assistant.message") break;
    await client.runs.cancel({ id: run_id });
  });

  verifies("anode.runs.wait", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "hang" });
    expect(await client.runs.wait({ id: run_id, timeout_ms: 20 })).toMatchObject({ status: "running" });
    const waiting = client.runs.wait({ id: run_id, timeout_ms: 20_000 });
    await client.runs.cancel({ id: run_id });
    expect(await waiting).toMatchObject({ status: "canceled" });
    expect(await codeOf(client.runs.wait({ id: "R-1760000000000000000_1" }))).toBe("run_not_found");
  });

  verifies("anode.runs.input", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "tasks", keep_open: true });
    expect(await client.runs.input({ id: run_id, text: "go on" })).toEqual({ input_id: "I-1", state: "pending" });
    for await (const event of client.runs.attach(run_id)) if (event.type === "input.completed") break;
    expect((await client.runs.inputs({ id: run_id })).inputs).toMatchObject([{ input_id: "I-1", state: "delivered", text: "go on" }]);
    expect(await codeOf(client.runs.withdraw({ id: run_id, input_id: "I-1" }))).toBe("input_delivered");
    expect(await codeOf(client.runs.withdraw({ id: run_id, input_id: "I-7" }))).toBe("input_not_found");
    await client.runs.cancel({ id: run_id });
    expect(await codeOf(client.runs.input({ id: run_id, text: "late" }))).toBe("run_finished");
  });

  verifies("anode.questions", async (subject) => {
    const { client } = subject;
    const { run_id } = await client.runs.start({ prompt: "x", profile: "ask" });
    await statusIs(subject, run_id, "waiting");
    const [question] = (await client.questions.list()).questions;
    expect(question).toMatchObject({ run_id, status: "open", scope: "tool_permission", kind: "choice" });
    expect((await client.runs.questions({ id: run_id, status: "open" })).questions).toEqual([question]);
    const answer = { id: run_id, question_id: question?.question_id ?? "", digest: question?.digest ?? "" };
    expect(await codeOf(client.runs.answer({ ...answer, option_id: "perhaps" }))).toBe("invalid_option");
    expect(await client.runs.answer({ ...answer, option_id: "allow_once" })).toMatchObject({ status: "closed", decision: "allow" });
    expect(await codeOf(client.runs.answer({ ...answer, option_id: "deny" }))).toBe("question_closed");
    expect(await ended(subject, run_id)).toMatchObject({ result: "allow" });
    expect((await client.questions.list()).questions).toEqual([]);
    expect((await client.questions.list({ status: "all" })).questions).toHaveLength(1);
  });

  verifies("anode.idempotency", async ({ client }) => {
    const first = await client.runs.start({ prompt: "x" }, { idempotencyKey: "k1" });
    expect(await client.runs.start({ prompt: "x" }, { idempotencyKey: "k1" })).toEqual(first);
    expect(await codeOf(client.runs.start({ prompt: "y" }, { idempotencyKey: "k1" }))).toBe("idempotency_mismatch");
    expect((await client.runs.list()).runs).toHaveLength(1);
  });

  verifies("anode.no-review", async (subject) => {
    const reply = await subject.raw("POST", "/review", { headers: json, body: "{}" });
    expect([reply.status, JSON.parse(reply.text).code]).toEqual([404, "not_found"]);
  });

  verifies("anode.openapi", async ({ client }) => {
    const document = await client.openapi();
    expect(document).toMatchObject({ openapi: "3.1.0" });
    const paths = document["paths"] as Record<string, Record<string, { operationId: string }>>;
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((operation) => operation.operationId));
    expect(ids.sort()).toEqual(operations.map((operation) => operation.name).sort());
  });

  verifies("anode.errors", async (subject) => {
    const refusals: [string, string, { headers?: Record<string, string>; body?: string }, number, string][] = [
      ["GET", "/runs/R-1760000000000000000_1", {}, 404, "run_not_found"],
      ["GET", "/nope", {}, 404, "not_found"],
      ["PUT", "/runs", { headers: json, body: "{}" }, 405, "method_not_allowed"],
      ["POST", "/runs", { headers: { "content-type": "text/plain" }, body: "{}" }, 415, "unsupported_media_type"],
      ["POST", "/runs", { headers: json, body: "{" }, 400, "invalid_json"],
      ["POST", "/runs", { headers: json, body: "[]" }, 400, "invalid_json"],
      ["POST", "/runs", { headers: json, body: '{"prompt":1}' }, 400, "invalid_request"],
      ["GET", "/runs?limit=-1", {}, 400, "invalid_request"],
      ["GET", "/runs?color=red", {}, 400, "invalid_request"],
    ];
    for (const [method, path, options, status, code] of refusals) {
      const reply = await subject.raw(method, path, options);
      expect([path, reply.status, reply.headers["content-type"]]).toEqual([path, status, "application/problem+json"]);
      expect(JSON.parse(reply.text)).toMatchObject({
        type: `urn:anode:error:${code}`,
        status,
        code,
        title: expect.any(String),
        detail: expect.any(String),
        request_id: expect.any(String),
      });
    }
  });
});
