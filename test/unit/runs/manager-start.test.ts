import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import type { Executor } from "../../../lib/runs/executor.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { RunRequest } from "../../../lib/runs/schema.js";
import { eventsOf, gate, openManager, until, untilAborted } from "../../support/manager.js";

const echo = functionExecutor(({ request }) => request.prompt);
const craft = { executor: "main" };

describe("RunManager.start", () => {
  it("tells a command that it has a prompt only where one was given", async () => {
    const given: unknown[] = [];
    const process = functionExecutor(({ request }) => void given.push([request.prompt, request.prompt_given]));
    const manager = await openManager(echo, { executors: { process }, commands: { list: { argv: ["ls"] } } });
    for (const request of [{ command: "list", prompt: "here" }, { command: "list" }, { argv: ["cat"], prompt: "text" }]) {
      await (await manager.start(request)).done();
    }
    expect(given).toEqual([
      ["here", true],
      ["ls", undefined],
      ["text", true],
    ]);
  });

  it("refuses a text with U+0000, as every door does, and repairs half characters", async () => {
    const manager = await openManager(echo, { executors: { process: echo } });
    await expect(manager.start({ argv: ["cat"], stdin: "a\u0000b" })).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "stdin", code: "format" }] },
    });
    expect((await (await manager.start({ prompt: "a\ud800" })).done()).prompt).toBe("a\ufffd");
  });

  it("runs a request from queued to completed with gapless events", async () => {
    const manager = await openManager(
      functionExecutor(async ({ emit }) => {
        await emit("assistant.message", { message_id: "m1", text: "Hi" });
      }),
    );
    const run = await manager.start({ prompt: "greet", run_label: "  first  ", metadata: { a: "1" } });
    const events = await eventsOf(manager, run.id);
    expect(events.map((event) => [event.seq, event.id, event.type, event.status])).toEqual([
      [1, "evt_1", "run.queued", "queued"],
      [2, "evt_2", "run.started", "running"],
      [3, "evt_3", "assistant.message", "running"],
      [4, "evt_4", "run.completed", "completed"],
    ]);
    const record = await run.done();
    expect(record).toMatchObject({
      status: "completed",
      label: "first",
      prompt: "greet",
      result: "Hi",
      stop_reason: "end_turn",
      last_seq: 4,
      metadata: { a: "1" },
      profile: "craft",
      executor: "main",
      origin: "request",
      approval_mode: "ask",
      key: "local",
      priority: 0,
    });
    expect(record.id).toMatch(/^R-\d{19}_1$/);
    expect(Object.values(record)).not.toContain(undefined);
  });

  it("gives the record as the fold of the run's events", async () => {
    const { transition } = await import("../../../lib/runs/transitions.js");
    const manager = await openManager(
      functionExecutor(
        async ({ emit, ask }) => {
          await emit("turn.started", { turn: 1 });
          await emit("usage.updated", { input_tokens: 5, output_tokens: 2, cost_usd: 0.1 });
          await ask({ kind: "acknowledge", scope: "user_question", prompt: "ok?" });
          return "done";
        },
        { tokens: true, cost: true },
      ),
      { onQuestion: () => ({}) },
    );
    const run = await manager.start({ prompt: "x", key: "k", priority: 3 });
    let folded: ReturnType<typeof transition> | undefined;
    for (const event of await eventsOf(manager, run.id)) folded = transition(folded, { ...event, run_id: run.id });
    expect(folded).toEqual(await manager.get(run.id));
  });

  const refusals: [string, RunRequest, string, object?][] = [
    ["no prompt", {}, "invalid_request", { issues: [{ path: "prompt", code: "required" }] }],
    ["a blank prompt", { prompt: " \n" }, "invalid_request", { issues: [{ path: "prompt", code: "blank" }] }],
    ["a prompt over 512 KiB", { prompt: "é".repeat(262_145) }, "invalid_request", { issues: [{ path: "prompt", code: "length" }] }],
    ["U+0000 in the prompt", { prompt: "a\u0000b" }, "invalid_request", { issues: [{ path: "prompt", code: "format" }] }],
    [
      "an unknown field",
      { prompt: "x", promt: "y" } as RunRequest,
      "invalid_request",
      { issues: [{ path: "promt", code: "unknown_field" }] },
    ],
    ["null", { prompt: "x", model: null } as never, "invalid_request", { issues: [{ path: "model", code: "type" }] }],
    ["max_turns below 0", { prompt: "x", max_turns: -1 }, "invalid_request", { issues: [{ path: "max_turns", code: "range" }] }],
    ["max_turns over 1000", { prompt: "x", max_turns: 1001 }, "invalid_request", { issues: [{ path: "max_turns", code: "range" }] }],
    ["a fractional max_turns", { prompt: "x", max_turns: 1.5 }, "invalid_request", { issues: [{ path: "max_turns", code: "type" }] }],
    [
      "another approval mode",
      { prompt: "x", approval_mode: "YOLO" as never },
      "invalid_request",
      { issues: [{ path: "approval_mode", code: "format" }] },
    ],
    ["a label of blanks", { prompt: "x", run_label: "  " }, "invalid_request", { issues: [{ path: "run_label", code: "blank" }] }],
    ["a label with a newline", { prompt: "x", run_label: "a\nb" }, "invalid_request", { issues: [{ path: "run_label", code: "format" }] }],
    [
      "a label of 257 characters",
      { prompt: "x", run_label: "a".repeat(257) },
      "invalid_request",
      { issues: [{ path: "run_label", code: "length" }] },
    ],
    ["a relative cwd", { prompt: "x", cwd: "src" }, "invalid_request", { issues: [{ path: "cwd", code: "format" }] }],
    ["argv and shell", { argv: ["a"], shell: "b" }, "invalid_request", { issues: [{ path: "shell", code: "conflict" }] }],
    ["command and argv", { argv: ["a"], command: "b" }, "invalid_request", { issues: [{ path: "argv", code: "conflict" }] }],
    ["an empty argv", { argv: [] }, "invalid_request", { issues: [{ path: "argv", code: "length" }] }],
    ["257 words", { argv: Array.from({ length: 257 }, () => "a") }, "invalid_request", { issues: [{ path: "argv", code: "length" }] }],
    ["an empty command word", { argv: ["", "a"] }, "invalid_request", { issues: [{ path: "argv", code: "blank" }] }],
    ["argv over 128 KiB", { argv: ["a", "b".repeat(131_072)] }, "invalid_request", { issues: [{ path: "argv", code: "length" }] }],
    ["env without argv", { prompt: "x", env: { A: "1" } }, "invalid_request", { issues: [{ path: "env", code: "conflict" }] }],
    [
      "a name of ours in env",
      { argv: ["a"], env: { ANODE_X: "1" } },
      "invalid_request",
      { issues: [{ path: "env.ANODE_X", code: "format" }] },
    ],
    [
      "LD_PRELOAD in env",
      { argv: ["a"], env: { LD_PRELOAD: "1" } },
      "invalid_request",
      { issues: [{ path: "env.LD_PRELOAD", code: "format" }] },
    ],
    [
      "NODE_OPTIONS in env",
      { argv: ["a"], env: { NODE_OPTIONS: "1" } },
      "invalid_request",
      { issues: [{ path: "env.NODE_OPTIONS", code: "format" }] },
    ],
    [
      "65 names in env",
      { argv: ["a"], env: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`A${i}`, ""])) },
      "invalid_request",
      { issues: [{ path: "env", code: "length" }] },
    ],
    ["stdin with a prompt only", { prompt: "x", stdin: "y" }, "invalid_request", { issues: [{ path: "stdin", code: "conflict" }] }],
    ["pty with a prompt only", { prompt: "x", pty: true }, "invalid_request", { issues: [{ path: "pty", code: "conflict" }] }],
    [
      "cancel_policy without parent",
      { prompt: "x", cancel_policy: "detach" },
      "invalid_request",
      { issues: [{ path: "cancel_policy", code: "conflict" }] },
    ],
    ["a key with a blank", { prompt: "x", key: "a b" }, "invalid_request", { issues: [{ path: "key", code: "format" }] }],
    ["a priority over 100", { prompt: "x", priority: 101 }, "invalid_request", { issues: [{ path: "priority", code: "range" }] }],
    ["a budget of 0", { prompt: "x", budget: { wall_ms: 0 } }, "invalid_request", { issues: [{ path: "budget.wall_ms", code: "range" }] }],
    [
      "an unknown budget",
      { prompt: "x", budget: { turns: 1 } as never },
      "invalid_request",
      { issues: [{ path: "budget.turns", code: "unknown_field" }] },
    ],
    [
      "an approval time-out under 1 s",
      { prompt: "x", approval: { timeout_ms: 999 } },
      "invalid_request",
      { issues: [{ path: "approval.timeout_ms", code: "range" }] },
    ],
    ["no tools", { prompt: "x", tools: [] }, "invalid_request", { issues: [{ path: "tools", code: "length" }] }],
    [
      "33 metadata keys",
      { prompt: "x", metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, ""])) },
      "invalid_request",
      { issues: [{ path: "metadata", code: "length" }] },
    ],
    [
      "a metadata value over 4 KiB",
      { prompt: "x", metadata: { a: "b".repeat(4097) } },
      "invalid_request",
      { issues: [{ path: "metadata.a", code: "length" }] },
    ],
    [
      "metadata over 16 KiB",
      { prompt: "x", metadata: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`a${i}`, "b".repeat(4000)])) },
      "invalid_request",
      { issues: [{ path: "metadata", code: "length" }] },
    ],
    ["an unknown profile", { prompt: "x", profile: "nope" }, "unknown_profile"],
    ["an unknown command", { command: "nope" }, "unknown_command"],
    ["a model the executor cannot choose", { prompt: "x", model: "a/b" }, "unsupported_option", { option: "model" }],
    ["turns the executor does not count", { prompt: "x", max_turns: 3 }, "unsupported_option", { option: "max_turns" }],
    ["a thread the executor does not keep", { prompt: "x", session_id: "s" }, "unsupported_option", { option: "session_id" }],
    ["tools the executor does not have", { prompt: "x", tools: ["bash"] }, "unsupported_option", { option: "tools" }],
    ["a budget nobody measures", { prompt: "x", budget: { tokens: 5 } }, "budget_unsupported", { budget: "tokens" }],
    ["a parent that never was", { prompt: "x", parent_id: "R-1760000000000000000_1" }, "parent_not_found"],
    ["a profile without executor", { prompt: "x", profile: "study" }, "executor_unavailable", { package: "anode-daemon/agent" }],
    ["an alias without executor", { prompt: "x", profile: "deep" }, "executor_unavailable"],
    ["a command without process executor", { argv: ["true"] }, "executor_unavailable", { package: "anode-daemon/node" }],
  ];
  it.each(refusals)("refuses %s by name and stores nothing", async (_what, request, code, details) => {
    const manager = await openManager(echo);
    const error = await manager.start(request).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AnodeError);
    expect(error).toMatchObject({ code, ...(details && { details }) });
    expect(await manager.list()).toEqual({ runs: [] });
    expect((await manager.store.list("runs", { limit: 1 })).items).toEqual([]);
  });

  it("resolves aliases of profiles and of the approval mode", async () => {
    const manager = await openManager(echo, { profiles: { craft: { ...craft, aliases: ["smart"] } } });
    const record = await (await manager.start({ prompt: "x", profile: "smart", approval_mode: "yolo" })).done();
    expect(record).toMatchObject({ profile: "craft", approval_mode: "unrestricted" });
  });

  it("replaces lone surrogates in the prompt", async () => {
    const manager = await openManager(echo);
    expect((await (await manager.start({ prompt: "a\ud800b" })).done()).prompt).toBe("a\ufffdb");
  });

  it("gives the same run for the same idempotency key, and refuses another request under it", async () => {
    const manager = await openManager(echo);
    const first = await manager.start({ prompt: "x" }, { idempotencyKey: "k" });
    const again = await manager.start({ prompt: "x" }, { idempotencyKey: "k" });
    expect(again.id).toBe(first.id);
    await expect(manager.start({ prompt: "y" }, { idempotencyKey: "k" })).rejects.toMatchObject({ code: "idempotency_mismatch" });
    expect((await manager.list()).runs).toHaveLength(1);
  });

  it("refuses the same idempotency key while its call is worked on", async () => {
    const { promise: judged, resolve: judge } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const slow: Executor = {
      ...echo,
      async prepare(request) {
        ask();
        await judged;
        return { supports: echo.supports, request };
      },
    };
    const manager = await openManager(slow);
    const first = manager.start({ prompt: "x" }, { idempotencyKey: "k" });
    await asked;
    await expect(manager.start({ prompt: "x" }, { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "idempotency_in_flight",
      retryAfterSeconds: 1,
    });
    await expect(manager.start({ prompt: "y" }, { idempotencyKey: "k" })).rejects.toMatchObject({ code: "idempotency_mismatch" });
    judge();
    expect((await manager.start({ prompt: "x" }, { idempotencyKey: "k" }).catch(() => first)).id).toBe((await first).id);
  });

  it("keeps no key of a call that was refused", async () => {
    const manager = await openManager(echo);
    await expect(manager.start({ prompt: "x", profile: "nope" }, { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "unknown_profile",
    });
    await expect(manager.start({ prompt: "y" }, { idempotencyKey: "k" })).resolves.toHaveProperty("id");
  });

  it("rejects before open and after close", async () => {
    const manager = new RunManager({ executors: { main: echo }, profiles: { craft } });
    await expect(manager.start({ prompt: "x" })).rejects.toMatchObject({ code: "not_open" });
    await manager.open();
    await manager.close();
    await expect(manager.start({ prompt: "x" })).rejects.toMatchObject({ code: "shutting_down" });
  });

  it("refuses a full queue with Retry-After and loses none it accepted", async () => {
    const { executor, release, running } = gate();
    const manager = await openManager(executor, { concurrency: 1, queueLimit: 2 });
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push(await manager.start({ prompt: `p${i}` }));
    await expect(manager.start({ prompt: "one too many" })).rejects.toMatchObject({ code: "queue_full", retryAfterSeconds: 1 });
    expect((await manager.get(runs[1]?.id ?? "")).queue_position).toBe(1);
    expect((await manager.get(runs[2]?.id ?? "")).queue_position).toBe(2);
    for (const run of runs) {
      await until(() => running() === 1);
      release("ok");
      expect((await run.done()).status).toBe("completed");
    }
  });

  it("refuses one above the ceiling of its caller instead of lowering it", async () => {
    const manager = await openManager(echo);
    const caller = { id: "token:T", door: "tcp", scopes: ["read", "control"] } as const;
    await expect(manager.start({ prompt: "x", approval_mode: "yolo" }, { caller })).rejects.toMatchObject({
      code: "above_ceiling",
      details: { ceiling: "auto" },
    });
    expect((await (await manager.start({ prompt: "x", approval_mode: "auto" }, { caller })).done()).approval_mode).toBe("auto");
  });

  it.each([
    ["the configuration", { approvalMode: "unrestricted" }],
    ["its profile", { profiles: { craft: { ...craft, approval_mode: "unrestricted" } } }],
  ] as const)("lowers the mode that %s gives a request that names none, to the ceiling of its caller", async (_, options) => {
    const manager = await openManager(echo, options);
    const caller = { id: "token:T", door: "tcp", scopes: ["read", "control"] } as const;
    const unproven = { ...caller, scopes: ["read", "control", "admin"], prove: async () => false } as const;
    for (const who of [caller, unproven]) {
      expect((await (await manager.start({ prompt: "x" }, { caller: who })).done()).approval_mode).toBe("auto");
      await expect(manager.start({ prompt: "x", approval_mode: "unrestricted" }, { caller: who })).rejects.toMatchObject({
        code: who === caller ? "above_ceiling" : "caller_is_a_run",
      });
    }
    expect((await (await manager.start({ prompt: "x" })).done()).approval_mode).toBe("unrestricted");
  });

  it("refuses an admin power of a token-less caller that cannot prove where it comes from", async () => {
    const manager = await openManager(echo);
    const caller = { id: "owner", door: "tcp", scopes: ["read", "control", "approve", "admin"], prove: async () => false } as const;
    await expect(manager.start({ prompt: "x", approval_mode: "unrestricted" }, { caller })).rejects.toMatchObject({
      code: "caller_is_a_run",
    });
    await expect(manager.start({ prompt: "x", approval_mode: "auto" }, { caller })).resolves.toHaveProperty("id");
  });
});

describe("RunManager options", () => {
  it.each([
    [{ concurrency: 0 }, "concurrency"],
    [{ queueLimit: 1.5 }, "queueLimit"],
    [{ executors: { a: {} } }, "executors.a"],
    [{ approvalMode: "never" }, "approvalMode"],
    [{ approvalCeiling: { admin: "all", other: "ask" } }, "approvalCeiling"],
    [{ limits: { bodyBytes: 0 } }, "limits.bodyBytes"],
    [{ limits: { nope: 1 } }, "limits.nope"],
    [{ concurency: 1 }, "concurency"],
    [{ onQuestion: 1 }, "onQuestion"],
  ])("are refused by name: %j", (options, name) => {
    expect(() => new RunManager(options as never)).toThrow(name);
  });
});

describe("RunManager listeners", () => {
  it("that throw, reject or unsubscribe do not keep others from hearing", async () => {
    const manager = await openManager(untilAborted);
    const heard: string[] = [];
    const diagnostics: string[] = [];
    manager.on("diagnostic", (name) => diagnostics.push(name));
    manager.on("event", () => {
      throw new Error("bad listener");
    });
    manager.on("event", async () => Promise.reject(new Error("bad too")));
    const off: () => void = manager.on("event", () => off());
    manager.on("event", (event) => heard.push(event.type));
    const run = await manager.start({ prompt: "x" });
    await manager.cancel(run.id);
    expect(heard).toEqual(["run.queued", "run.started", "run.cancel_requested", "run.canceled"]);
    await until(() => diagnostics.length === 8);
    expect(new Set(diagnostics)).toEqual(new Set(["listener.failed"]));
  });
});

describe("a child of a queued parent", () => {
  it("is started like any other, and its parent's log tells of it", async () => {
    const { executor, release } = gate();
    const manager = await openManager(executor, { concurrency: 1 });
    await manager.start({ prompt: "first" });
    const parent = await manager.start({ prompt: "queued" });
    const child = await manager.start({ prompt: "child", parent_id: parent.id });
    await until(async () => (await manager.get(child.id)).status === "running");
    release();
    release();
    expect(await child.done()).toMatchObject({ status: "completed" });
    await until(() => release() ?? true);
    await manager.cancel(parent.id).catch(() => {});
    const types = (await eventsOf(manager, parent.id)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("run.child"))).toEqual(["run.child_started", "run.child_ended"]);
  });
});
