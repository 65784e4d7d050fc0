import { onTestFinished, describe, expect, it } from "vitest";
import { type Caller, localCaller } from "../../../lib/caller.js";
import { operations } from "../../../lib/contract/index.js";
import type { CallContext, Operation } from "../../../lib/contract/operation.js";
import { createPerform } from "../../../lib/contract/perform.js";
import { createServices } from "../../../lib/contract/services.js";
import { createHolding } from "../../../lib/holding.js";
import { createQuestionServices, type QuestionPorts } from "../../../lib/contract/services/questions.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import type { RunManager } from "../../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { openManager, until, untilAborted } from "../../support/manager.js";

const options = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];
const ask = { correlation_id: "pretool-1234", prompt: "Run ls?", options };
const peerOf = (peer_id: string): Caller => ({ id: `token:${peer_id}`, door: "tcp", scopes: ["read", "control"], peer_id });
const approver: Caller = { id: "ann", door: "unix", scopes: ["read", "control", "approve"] };

async function subject({ ports, ...given }: RunManagerOptions & { ports?: QuestionPorts } = {}) {
  const manager = await openManager(untilAborted, given);
  const services = { ...createServices(manager), ...createQuestionServices(manager, createHolding(manager.limits.meshWaits), ports) };
  const perform = createPerform(services, manager.idempotency);
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  /** What the operation answers, or the code of its refusal. */
  const call = async (name: string, input: object, caller: Caller = localCaller, more: Partial<CallContext> = {}): Promise<unknown> => {
    const operation = operations.find((row) => row.name === name) as Operation;
    const context = { caller, signal: gone.signal, requestId: "q", ...more };
    return perform(operation, input as Record<string, unknown>, context).then(
      ({ body }) => body,
      (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
    );
  };
  return { manager, call };
}

async function opened(manager: RunManager, count = 1): Promise<void> {
  await until(() => manager.desk.openCount === count);
}

describe("questions.askBlocking", () => {
  it("answers what a caller waits for, and leaves out who answered", async () => {
    const { manager, call } = await subject();
    const asked = call("questions.askBlocking", ask, peerOf("peer-a"));
    await opened(manager);
    expect(await call("questions.answer", { correlation_id: "pretool-1234", option_id: "allow", message: "once" }, approver)).toEqual({
      ok: true,
      correlation_id: "pretool-1234",
      outcome: "answered",
      decision: "allow",
    });
    expect(await asked).toEqual({
      correlation_id: "pretool-1234",
      outcome: "answered",
      decision: "allow",
      option_id: "allow",
      message: "once",
      reason: "answered",
    });
  });

  it.each<[string, object, unknown]>([
    ["an id of another form", { ...ask, correlation_id: "Q-1" }, "invalid_request"],
    ["a choice without options", { prompt: "?" }, "invalid_request"],
    ["an approval whose options do not say what they mean", { ...ask, options: [{ id: "x", title: "X" }] }, "invalid_request"],
    ["a question of an ask", { ...ask, scope: "mesh_ask" }, "invalid_request"],
    ["a default that allows", { ...ask, default_answer: "allow" }, "default_not_denying"],
    ["metadata over 16 KiB", { ...ask, metadata: { input: "é".repeat(8_187) } }, "invalid_request"],
    ["a prompt over 8,000 characters", { ...ask, prompt: "x".repeat(8_001) }, "invalid_request"],
    ["a field that is none", { ...ask, blocking: true }, "invalid_request"],
    ["another peer's name", { ...ask, from_peer: "peer-b" }, "sender_mismatch"],
  ])("refuses %s and leaves nothing open", async (_, input, code) => {
    const { manager, call } = await subject();
    expect([await call("questions.askBlocking", input, peerOf("peer-a")), manager.desk.openCount]).toEqual([code, 0]);
  });

  it("takes metadata of exactly 16 KiB, and says at the end that a default was applied", async () => {
    const { call } = await subject();
    const metadata = { input: "x".repeat(16_384 - '{"input":""}'.length) };
    const input = { ...ask, scope: "user_question", metadata, default_answer: "deny", timeout_ms: 1 };
    expect(await call("questions.askBlocking", input)).toEqual({
      correlation_id: "pretool-1234",
      outcome: "answered",
      option_id: "deny",
      defaulted: true,
      reason: "answered",
    });
  });

  it("holds so many calls and refuses the next", async () => {
    const { manager, call } = await subject({ limits: { meshWaits: 2 } });
    void call("questions.askBlocking", ask);
    void call("questions.askBlocking", ask);
    await opened(manager);
    expect(await call("questions.askBlocking", { ...ask, correlation_id: "pretool-5678" })).toBe("too_many_waits");
  });

  it("refuses more open questions than there may be", async () => {
    const { manager, call } = await subject({ limits: { questions: 1 } });
    void call("questions.askBlocking", ask);
    await opened(manager);
    expect(await call("questions.askBlocking", { ...ask, correlation_id: "pretool-5678" })).toBe("question_full");
  });

  it("asks for whom the peers say", async () => {
    const asker = (from_peer: string | undefined) => {
      if (from_peer === "ghost") throw new AnodeError("sender_not_found", "There is no such peer.");
      return { peer_id: from_peer ?? "human" };
    };
    const { manager, call } = await subject({ ports: { asker } });
    expect(await call("questions.askBlocking", { ...ask, from_peer: "ghost" })).toBe("sender_not_found");
    void call("questions.askBlocking", { ...ask, from_peer: "peer-b" });
    await opened(manager);
    expect(await manager.desk.get("pretool-1234")).toMatchObject({ peer_id: "peer-b", from_peer_id: "peer-b", asked_by: "local" });
    // The peer for whom it was asked does not answer it either.
    expect(
      await call("questions.answer", { correlation_id: "pretool-1234", option_id: "allow" }, { ...peerOf("peer-b"), scopes: ["admin"] }),
    ).toBe("self_approval");
  });
});

describe("questions.answer", () => {
  it("is refused for unknown, ended, own and forbidden questions, and nothing comes of it", async () => {
    const { manager, call } = await subject({ ports: { isAsk: (id) => id === "ask-0123456789abcdef" } });
    const asked = call("questions.askBlocking", ask, peerOf("peer-a"));
    await opened(manager);
    const answer = (more: object, caller: Caller): Promise<unknown> =>
      call("questions.answer", { correlation_id: "pretool-1234", option_id: "allow", ...more }, caller);
    expect(await answer({ correlation_id: "pretool-none" }, approver)).toBe("question_not_found");
    expect(await answer({ correlation_id: "ask-0123456789abcdef" }, approver)).toBe("not_a_question");
    expect(await answer({}, peerOf("peer-a"))).toBe("self_approval");
    expect(await answer({}, { ...localCaller, inside_run: true })).toBe("self_approval");
    expect(await answer({}, peerOf("peer-b"))).toBe("scope_required");
    expect(await answer({ digest: "other" }, approver)).toBe("question_changed");
    expect(await answer({ option_id: "maybe" }, approver)).toBe("invalid_option");
    expect(await answer({ attachments: ["att-1"] }, approver)).toBe("invalid_answer");
    expect(manager.desk.openCount).toBe(1);
    expect(await call("questions.answer", { correlation_id: "pretool-1234", outcome: "denied" }, approver)).toMatchObject({
      outcome: "denied",
      decision: "deny",
    });
    expect(await answer({}, approver)).toBe("question_closed");
    expect(await asked).toMatchObject({ decision: "deny", reason: "denied" });
  });

  it("gives the same reply for the same key, without a second effect", async () => {
    const { manager, call } = await subject();
    void call("questions.askBlocking", ask);
    await opened(manager);
    const input = { correlation_id: "pretool-1234", option_id: "deny" };
    const first = await call("questions.answer", input, approver, { idempotencyKey: "k" });
    expect(await call("questions.answer", input, approver, { idempotencyKey: "k" })).toEqual(first);
    expect(await call("questions.answer", input, approver)).toBe("question_closed");
  });

  it("needs the proof of a caller without a token, as every answer does", async () => {
    const { manager, call } = await subject();
    void call("questions.askBlocking", ask);
    await opened(manager);
    const unproven: Caller = { ...localCaller, door: "tcp", prove: async () => false };
    expect(await call("questions.answer", { correlation_id: "pretool-1234", option_id: "allow" }, unproven)).toBe("caller_is_a_run");
  });

  it("hands the question of an ask to the asks, with its attachments", async () => {
    const seen: unknown[] = [];
    const ports: QuestionPorts = {
      async answerAsk(question, input, { caller }) {
        seen.push(input);
        return { ...question, ...(await manager.desk.answer(question.question_id, { option_id: input.option_id ?? "" }, caller)) };
      },
    };
    const { manager, call } = await subject({ ports });
    const id = "ask-0123456789abcdef";
    await manager.desk.open({
      id,
      kind: "choice",
      scope: "mesh_ask",
      prompt: "?",
      options,
      owner: { peer_id: "peer-a" },
      recipient: "peer-b",
    });
    const input = { correlation_id: id, option_id: "deny", attachments: ["att-1"] };
    expect(await call("questions.answer", input, peerOf("peer-c"))).toBe("not_the_recipient");
    expect(await call("questions.answer", input, peerOf("peer-b"))).toEqual({ ok: true, correlation_id: id, outcome: "answered" });
    expect(seen).toEqual([{ option_id: "deny", attachments: ["att-1"] }]);
  });
});

describe("questions.get and questions.list", () => {
  it("show a caller that is bound what concerns it, and the others everything", async () => {
    const { manager, call } = await subject();
    const { id: parent } = await manager.start({ prompt: "x" });
    const { id: child } = await manager.start({ prompt: "y", parent_id: parent });
    await until(async () => (await manager.get(child)).status === "running");
    const ofRun = (run_id: string): Caller => ({ id: `token:${run_id}`, door: "tcp", scopes: ["read", "control"], run_id });
    for (const [at, caller] of [peerOf("peer-a"), ofRun(parent), ofRun(child)].entries()) {
      void call("questions.askBlocking", { ...ask, correlation_id: `pretool-000${at}` }, caller);
      await opened(manager, at + 1);
    }
    await manager.desk.open({
      id: "ask-0003",
      kind: "text",
      scope: "mesh_ask",
      prompt: "?",
      owner: { peer_id: "peer-a" },
      recipient: "peer-b",
    });
    const listed = async (input: object, caller: Caller = localCaller): Promise<unknown> => {
      const page = await call("questions.list", input, caller);
      return typeof page === "string"
        ? page
        : (page as { questions: { question_id: string }[] }).questions.map(({ question_id }) => question_id.slice(-1)).join("");
    };
    expect(await listed({})).toBe("3210");
    expect(await listed({ scope: "mesh_ask" })).toBe("3");
    expect(await listed({ peer_id: "peer-a" })).toBe("30");
    expect(await listed({ peer_id: "peer-b" })).toBe("3");
    expect(await listed({ run_id: parent })).toBe("1");
    expect(await listed({ run_id: parent, tree: true })).toBe("21");
    expect(await listed({ tree: true })).toBe("invalid_request");
    expect(await listed({ run_id: "R-1" })).toBe("run_not_found");
    expect(await listed({}, peerOf("peer-b"))).toBe("3");
    expect(await listed({}, ofRun(parent))).toBe("21");
    expect(await listed({}, ofRun(child))).toBe("2");
    expect(await listed({ run_id: parent }, ofRun(child))).toBe("run_not_found");
    expect(await listed({}, { ...ofRun(child), peer_id: "peer-b" })).toBe("32");
    expect(await call("questions.get", { id: "pretool-0000" })).toMatchObject({ status: "open", prompt: "Run ls?" });
    expect(await call("questions.get", { id: "pretool-0000" }, peerOf("peer-b"))).toBe("question_not_found");
    expect(await call("questions.get", { id: "pretool-0002" }, ofRun(parent))).toMatchObject({ run_id: child });
    // A run below does not answer for the one above, and what it does not see is not there for it.
    expect(await call("questions.answer", { correlation_id: "pretool-0001", option_id: "allow" }, ofRun(child))).toBe("self_approval");
    expect(
      await call("questions.answer", { correlation_id: "pretool-0000", option_id: "allow" }, { ...ofRun(child), scopes: ["admin"] }),
    ).toBe("question_not_found");
  });
});
