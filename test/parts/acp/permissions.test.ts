import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  agent,
  type AgentApp,
  type PermissionOptionKind,
  type RequestPermissionOutcome,
  type RequestPermissionRequest,
} from "@agentclientprotocol/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AcpExecutorOptions } from "../../../lib/acp/index.js";
import type { Question } from "../../../lib/questions/schema.js";
import type { AnswerInput } from "../../../lib/questions/schema.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { openAcpBench } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

/** A bench in a folder of its own, whose questions are answered as told. */
async function open(
  answer: (question: Question) => AnswerInput | undefined,
  options: AcpExecutorOptions = {},
  manager: RunManagerOptions = {},
) {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const questions: Question[] = [];
  const onQuestion = (question: Question) => {
    questions.push(question);
    return answer(question);
  };
  const bench = await openAcpBench({ connect: () => scriptedAgent(), ...options }, { onQuestion, ...manager });
  return { bench, cwd, questions };
}

/** An agent that asks once, with the given options, and tells the outcome. */
function asking(kinds: readonly PermissionOptionKind[], outcomes: RequestPermissionOutcome[], onCancel?: () => void): AgentApp {
  const canceled = Promise.withResolvers<void>();
  return agent({ name: "asking" })
    .onRequest("initialize", () => ({ protocolVersion: 1 }))
    .onRequest("session/new", () => ({
      sessionId: "s",
      modes: { currentModeId: "default", availableModes: [{ id: "default", name: "D" }] },
    }))
    .onNotification("session/cancel", () => {
      onCancel?.();
      canceled.resolve();
    })
    .onRequest("session/prompt", async ({ client }) => {
      const toolCall = {
        toolCallId: "c1",
        title: "Run it",
        kind: "execute" as const,
        rawInput: { command: ["git", "commit", "-m", "it's done"] },
      };
      const options = kinds.map((kind) => ({ kind, optionId: `the-${kind}`, name: kind }));
      const request: RequestPermissionRequest = { sessionId: "s", toolCall, options };
      outcomes.push((await client.request("session/request_permission", request)).outcome);
      if (onCancel) await canceled.promise;
      return { stopReason: "end_turn" as const };
    });
}

const allow = (): AnswerInput => ({ option_id: "allow_once" });
const always = (): AnswerInput => ({ option_id: "allow_always" });
const deny = (): AnswerInput => ({ option_id: "deny", message: "not today" });
const write = "#script write a.txt some text";

describe("an agent's request for permission", () => {
  it("is a question with the call and its change, and runs when it is allowed", async () => {
    const { bench, cwd, questions } = await open(allow);
    const { record, events, of } = await bench.run({ prompt: write, cwd });
    expect(record.status).toBe("completed");
    expect(questions).toMatchObject([
      {
        kind: "choice",
        scope: "tool_permission",
        prompt: "Allow edit? Write a.txt",
        tool: { name: "edit", level: "confirm_write", args: { path: join(cwd, "a.txt") }, title: "Write a.txt" },
      },
    ]);
    expect(questions[0]?.tool?.diff).toBe(`--- /dev/null\n+++ ${join(cwd, "a.txt")}\n+some text`);
    expect(events.map(({ type }) => type).filter((type) => /^(tool|question|file)/.test(type))).toEqual([
      "tool.call",
      "question.asked",
      "question.closed",
      "tool.result",
      "file.changed",
    ]);
    expect(of("tool.call")[0]?.payload["call_id"]).toBe(questions[0]?.tool?.call_id);
    expect(readFileSync(join(cwd, "a.txt"), "utf8")).toBe("some text");
  });

  it("does not run when it is denied, and the result says why", async () => {
    const { bench, cwd } = await open(deny);
    const { record, of } = await bench.run({ prompt: write, cwd });
    expect(existsSync(join(cwd, "a.txt"))).toBe(false);
    expect(of("tool.result")[0]?.payload).toMatchObject({ ok: false, denied: true, deny_reason: "not today" });
    const call_id = of("tool.call")[0]?.payload["call_id"];
    expect(of("run.completed")[0]?.payload["permission_denials"]).toEqual([{ call_id, tool: "edit", reason: "not today" }]);
    expect(of("file.changed")).toEqual([]);
    expect(record.status).toBe("completed");
  });

  it("is denied with the true reason when nobody is there to answer", async () => {
    const { bench, cwd } = await open(allow, {}, { onQuestion: undefined as unknown as () => undefined });
    const { of } = await bench.run({ prompt: write, cwd, approval: { unattended: "deny" } });
    expect(of("tool.result")[0]?.payload).toMatchObject({ denied: true, deny_reason: "no_approver" });
    expect(existsSync(join(cwd, "a.txt"))).toBe(false);
  });

  it("is answered with the option for once, never with the one for always: an always is ours and ends with the run", async () => {
    const outcomes: RequestPermissionOutcome[] = [];
    const { bench, cwd } = await open(always, { connect: () => asking(["allow_always", "allow_once", "reject_once"], outcomes) });
    await bench.run({ prompt: "x", cwd });
    expect(outcomes).toEqual([{ outcome: "selected", optionId: "the-allow_once" }]);
  });

  it("is asked once for calls alike after an always, and again in the next run", async () => {
    const { bench, cwd, questions } = await open(always);
    await bench.run({ prompt: "#script sh true | sh true | sh echo other", cwd });
    expect(questions.map(({ prompt }) => prompt)).toEqual(["Allow execute? true", "Allow execute? echo other"]);
    await bench.run({ prompt: "#script sh true", cwd });
    expect(questions).toHaveLength(3);
  });

  it.for([
    [["reject_once", "reject_always"], { outcome: "selected", optionId: "the-reject_once" }],
    [["reject_always"], { outcome: "selected", optionId: "the-reject_always" }],
    [["allow_once"], { outcome: "cancelled" }],
  ] as const)("that is denied with the options %s gets what denies", async ([kinds, outcome]) => {
    const outcomes: RequestPermissionOutcome[] = [];
    const { bench, cwd } = await open(deny, { connect: () => asking(kinds, outcomes) });
    await bench.run({ prompt: "x", cwd });
    expect(outcomes).toEqual([outcome]);
  });

  it("is denied where it cannot be allowed once", async () => {
    const outcomes: RequestPermissionOutcome[] = [];
    const { bench, cwd } = await open(allow, { connect: () => asking(["allow_always", "reject_once"], outcomes) });
    const { of } = await bench.run({ prompt: "x", cwd });
    expect(outcomes).toEqual([{ outcome: "selected", optionId: "the-reject_once" }]);
    expect(of("tool.result")[0]?.payload).toMatchObject({ ok: false, denied: true });
  });

  it("announces the call when it is the first sign of it, and ends the call when the agent does not", async () => {
    const { bench, cwd } = await open(deny, { connect: () => asking(["allow_once", "reject_once"], []) });
    const { of } = await bench.run({ prompt: "x", cwd });
    expect(of("tool.call")[0]?.payload).toMatchObject({ call_id: "c1", name: "execute", title: "Run it" });
    expect(of("tool.result")[0]?.payload).toMatchObject({ call_id: "c1", ok: false, error: "denied", denied: true });
  });

  it("is not asked in an unrestricted run, yet told as decided", async () => {
    const { bench, cwd, questions } = await open(deny);
    const { of } = await bench.run({ prompt: write, cwd, approval_mode: "unrestricted" });
    expect(questions).toEqual([]);
    expect(of("tool.updated")[0]?.payload).toMatchObject({ decision: "allow", decided_by: "policy" });
    expect(existsSync(join(cwd, "a.txt"))).toBe(true);
  });

  it("goes to the rules that were handed in, with the command as one line", async () => {
    const asked: unknown[] = [];
    const permissions: AcpExecutorOptions["permissions"] = (run) => ({
      decide(call) {
        asked.push([run.mode, call]);
        return { action: "deny", reason: "by rule" };
      },
      grant: () => {},
    });
    const { bench, cwd, questions } = await open(allow, { permissions, connect: () => asking(["allow_once", "reject_once"], []) });
    const { of } = await bench.run({ prompt: "x", cwd, approval_mode: "auto" });
    expect(asked).toMatchObject([
      ["auto", { name: "execute", level: "confirm_execute", command: String.raw`git commit -m 'it'\''s done'` }],
    ]);
    expect(questions).toEqual([]);
    expect(of("tool.result")[0]?.payload).toMatchObject({ denied: true, deny_reason: "by rule" });
  });

  it("is denied when the rules themselves fail", async () => {
    const outcomes: RequestPermissionOutcome[] = [];
    const permissions = () => ({ decide: () => Promise.reject(new Error("rules broken")), grant: () => {} });
    const { bench, cwd } = await open(allow, { permissions, connect: () => asking(["allow_once", "reject_once"], outcomes) });
    const { of } = await bench.run({ prompt: "x", cwd });
    expect(outcomes).toEqual([{ outcome: "selected", optionId: "the-reject_once" }]);
    expect(of("tool.result")[0]?.payload).toMatchObject({ deny_reason: "rules broken" });
  });

  it("is answered as cancelled when the run is canceled meanwhile, before the cancel itself", async () => {
    const outcomes: RequestPermissionOutcome[] = [];
    const before: number[] = [];
    const app = asking(["allow_once", "reject_once"], outcomes, () => void before.push(outcomes.length));
    const { bench, cwd } = await open(() => undefined, { connect: () => app });
    const id = await bench.start({ prompt: "x", cwd });
    await bench.seen(id, "question.asked");
    await bench.manager.cancel(id);
    const { record, of } = await bench.ended(id);
    expect(record.status).toBe("canceled");
    expect(outcomes).toEqual([{ outcome: "cancelled" }]);
    expect(before).toEqual([1]);
    expect(of("run.canceled")[0]?.payload["forced"]).toBeUndefined();
  });
});

describe("files served though they are not offered", () => {
  it("can be written after the write was allowed, and not before", async () => {
    const { bench, cwd } = await open(allow);
    const { of } = await bench.run({ prompt: "#script fs a.txt early | write a.txt allowed | fs a.txt late", cwd });
    const said = of("assistant.message").map(({ payload }) => String(payload["text"]));
    expect(said[0]).toContain("not allowed in this run");
    expect(said[1]).toBe("written");
    expect(readFileSync(join(cwd, "a.txt"), "utf8")).toBe("late");
  });

  it("cannot be written after a denial", async () => {
    const { bench, cwd } = await open(deny);
    await bench.run({ prompt: "#script write a.txt no | fs a.txt yes", cwd });
    expect(existsSync(join(cwd, "a.txt"))).toBe(false);
  });
});

describe("a form", () => {
  it.for([
    ["of one choice", "#script pick red blue", { option_id: "blue" }, '{"action":"accept","content":{"it":"blue"}}'],
    ["of one text", "#script pick", { text: "green" }, '{"action":"accept","content":{"it":"green"}}'],
  ] as const)("%s is a question", async ([_what, prompt, given, said]) => {
    const { bench, cwd, questions } = await open(() => given);
    const { record } = await bench.run({ prompt, cwd });
    expect(questions).toMatchObject([{ scope: "user_question", prompt: "Which?" }]);
    expect(record.result).toBe(said);
  });

  it("that nobody answers is cancelled", async () => {
    const { bench, cwd } = await open(() => undefined);
    const { record } = await bench.run({ prompt: "#script pick red blue", cwd, approval: { timeout_ms: 1000 } });
    expect(record.result).toBe('{"action":"cancel"}');
  });

  it("of more than can be asked is declined", async () => {
    const { bench, cwd, questions } = await open(() => ({ text: "x" }));
    const many = Array.from({ length: 17 }, (_, index) => `o${index}`).join(" ");
    expect((await bench.run({ prompt: `#script pick ${many}`, cwd })).record.result).toBe('{"action":"decline"}');
    expect(questions).toEqual([]);
  });
});
