import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AcpBench } from "../support/acp.js";
import type { RealAgentName } from "../support/agent-packages.js";
import { survivors } from "../support/process-tree.js";
import { isInstalled, openRealAgent, type RealAgent, realAgents } from "../support/real-agents.js";

const write = "#script write made.txt by the agent | say Done";
const text = "Hello from the model";
const isCodex = ({ name }: RealAgent): boolean => name === "codex";

/** What is proven over each real agent, in a file of its own, so that they run beside each other. */
export function proveRealAgent(name: RealAgentName): void {
  const [agents, missing] = [true, false].map((isHere) => realAgents.filter((one) => one.name === name && isInstalled(one) === isHere));
  // A green run says what it left out.
  describe.for(missing?.map((one) => one.name) ?? [])("%s is not installed", () => {
    it.runIf(false)(`so nothing of it is proven: npm run test:agents installs ${name}`, () => {});
  });
  describe.for(agents?.map((agent) => [agent.name, agent] as const) ?? [])("%s", ([, agent]) => {
    proveInstalled(agent);
  });
}

function proveInstalled(agent: RealAgent): void {
  it.skipIf(isCodex(agent))(
    "writes a file and runs a command, each after an approval; writes nothing after a denial, and is told so",
    async () => {
      let asks = 0;
      const { bench, cwd } = await openRealAgent(agent, () => ({ option_id: (asks += 1) <= 2 ? "allow_once" : "deny" }));
      const prompt = "#script write made.txt by the agent | sh printf ran > ran.txt | write denied.txt by the agent | say Done";
      const { record, of } = await bench.run({ prompt, cwd });
      expect(readFileSync(join(cwd, "made.txt"), "utf8").trim()).toBe("by the agent");
      expect(readFileSync(join(cwd, "ran.txt"), "utf8")).toBe("ran");
      expect(existsSync(join(cwd, "denied.txt"))).toBe(false);
      const asked = of("question.asked").map(({ payload }) => payload);
      expect(asked).toMatchObject([
        { scope: "tool_permission", tool: { level: "confirm_write" } },
        { scope: "tool_permission", tool: { level: "confirm_execute" } },
        { scope: "tool_permission", tool: { level: "confirm_write" } },
      ]);
      // One agent tells the command in the title alone.
      expect(JSON.stringify(asked[1]?.["tool"])).toContain("printf ran > ran.txt");
      const results = of("tool.result").map(({ payload }) => payload);
      expect(results).toMatchObject([{ ok: true }, { ok: true }, { ok: false, denied: true, deny_reason: "denied" }]);
      expect(of("file.changed").map(({ payload }) => payload)).toMatchObject([{ change: "created", added: 1 }]);
      // Some end their turn at a denial.
      expect(["completed", "failed"]).toContain(record.status);
    },
  );

  it.runIf(isCodex(agent))("is denied a write by its sandbox, unasked", async () => {
    const { bench, cwd } = await openRealAgent(agent);
    const { of } = await bench.run({ prompt: write, cwd });
    expect(existsSync(join(cwd, "made.txt"))).toBe(false);
    expect(of("question.asked")).toEqual([]);
    expect(of("system.notice").map(({ payload }) => payload["code"])).toContain("mode_never_asks");
  });

  it("writes unasked in an unrestricted run, goes on with its session in another process, and streams its text there", async () => {
    // Pieces that come at once may be told as one.
    const { bench, model, cwd, home } = await openRealAgent(agent, undefined, 200);
    const first = await bench.run({ prompt: write, cwd, approval_mode: "unrestricted" });
    expect(first.record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: "Done" });
    expect(readFileSync(join(cwd, "made.txt"), "utf8").trim()).toBe("by the agent");
    expect(first.of("question.asked")).toEqual([]);
    expect(first.record.session_id).toBeTruthy();
    agent.age?.(home);
    const id = await bench.start({ prompt: `#script say ${text}`, cwd, session_id: first.record.session_id ?? "" });
    const { grown, previews } = await streamed(bench, id);
    const { record, of } = await bench.ended(id);
    expect(record).toMatchObject({ status: "completed", stop_reason: "end_turn", result: text, session_id: first.record.session_id });
    expect(of("assistant.message")).toHaveLength(1);
    expect(text.startsWith(grown)).toBe(true);
    expect(previews).toBeGreaterThan(1);
    // Nothing is asked any more. Some leave at the last frame, which has told the usage, or before a title is made.
    await model.seen((requests) => requests.every(({ ended }) => ended !== undefined));
    if (agent.name === "opencode") expect(record.usage).toBeUndefined();
    else expect(record.usage).toMatchObject({ input_tokens: 100, output_tokens: 4 });
  });

  it("is canceled in the middle: the model hears it, and no process is left", async () => {
    const { bench, model, cwd, root } = await openRealAgent(agent);
    const id = await bench.start({ prompt: "#script slow 600 50", cwd });
    await model.seen((requests) => requests.some(({ steps }) => steps[0]?.startsWith("slow")));
    await bench.seen(id, "user.message");
    expect((await bench.manager.cancel(id)).status).toBe("canceled");
    expect(survivors(root)).toEqual(new Map());
    await model.seen((requests) => requests.some(({ steps, ended }) => steps[0]?.startsWith("slow") && ended === "by-client"));
    expect((await bench.ended(id)).of("run.canceled")[0]?.payload["forced"]).toBeUndefined();
  });

  it("is canceled while its tool runs: the tool's processes are gone too", async () => {
    const { bench, cwd, root } = await openRealAgent(agent);
    const id = await bench.start({ prompt: "#script sh tail -f /dev/null | say Done", cwd, approval_mode: "unrestricted" });
    await until(() => [...survivors(root).values()].some((command) => command.includes("tail -f /dev/null")));
    expect((await bench.manager.cancel(id)).status).toBe("canceled");
    expect(survivors(root)).toEqual(new Map());
  });

  it("leaves nothing behind when it is killed while its tool runs", async () => {
    const { bench, cwd, root } = await openRealAgent(agent);
    const id = await bench.start({ prompt: "#script sh tail -f /dev/null | say Done", cwd, approval_mode: "unrestricted" });
    await until(() => [...survivors(root).values()].some((command) => command.includes("tail -f /dev/null")));
    process.kill((await bench.seen(id, "process.started")).payload["pid"] as number, "SIGKILL");
    const { record } = await bench.ended(id);
    expect(record).toMatchObject({ status: "failed", error_code: "agent_exited" });
    expect(survivors(root)).toEqual(new Map());
  });

  it.runIf(agent.name === "claude" || isCodex(agent))("takes a steer while it works", async () => {
    const { bench, cwd } = await openRealAgent(agent);
    const id = await bench.start({ prompt: "#script slow 400 50", cwd });
    // Before it has begun to speak, a steer may as well come after all of it.
    await hasSpoken(bench, id);
    await bench.manager.input(id, { text: "#script say steered", delivery: "steer" });
    const { record, of } = await bench.ended(id);
    expect(record).toMatchObject({ status: "completed", result: "steered" });
    expect(of("input.delivered")).toHaveLength(1);
  });

  it("does not start anew for a session it does not know", async () => {
    const { bench, cwd } = await openRealAgent(agent);
    const { record } = await bench.run({ prompt: "hi", cwd, session_id: "00000000-0000-4000-8000-000000000000" });
    expect(record).toMatchObject({ status: "failed", error_code: "session_not_found" });
  });

  it("fails with a model error when its model does", async () => {
    const { bench, cwd } = await openRealAgent(agent);
    const { record } = await bench.run({ prompt: "#script error 400", cwd });
    expect(record).toMatchObject({ status: "failed", stop_reason: "error", error_code: "model_error" });
  });
}

/** What a run's previews grew to, and how many there were. */
async function streamed({ manager }: AcpBench, id: string): Promise<{ readonly grown: string; readonly previews: number }> {
  let [grown, previews] = ["", 0];
  for await (const event of manager.attach(id, { previews: true })) {
    if (event.type !== "assistant.delta") continue;
    previews += 1;
    grown = grown.slice(0, event.payload["offset"] as number) + String(event.payload["text"]);
  }
  return { grown, previews };
}

async function hasSpoken({ manager }: AcpBench, id: string): Promise<void> {
  for await (const { type } of manager.attach(id, { previews: true })) if (type === "assistant.delta") return;
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 100_000; !condition(); ) {
    if (Date.now() > end) throw new Error("It never came.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
