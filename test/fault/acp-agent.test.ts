import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createContainment, createProcesses } from "../../lib/node/index.js";
import type { RunManagerOptions } from "../../lib/runs/options.js";
import { systemHost } from "../../lib/system-host.js";
import { type AcpBench, openAcpBench, scriptedDefinition } from "../support/acp.js";
import { endSurvivors, survivors } from "../support/process-tree.js";

const program = fileURLToPath(new URL("../support/acp-agent.ts", import.meta.url));
const containment = createContainment({ storeId: `acp${process.pid}` });
const { levels } = await containment.report();
const limits = { graceMs: 1_500, killMs: 1_000 };

interface Setting {
  readonly bench: AcpBench;
  /** Its path marks all processes of the run. */
  readonly folder: string;
}

/** A bench whose agent is a process with the given definition. */
async function open(
  definition: object = {},
  set: Record<string, string> = {},
  more: { home?: string; baseEnv?: Record<string, string>; manager?: RunManagerOptions } = {},
): Promise<Setting> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
  onTestFinished(() => {
    endSurvivors(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  const agents = {
    scripted: { ...scriptedDefinition, argv: [process.execPath, program], env: { set: { MARK: folder, ...set } }, ...definition },
  };
  const { home } = more;
  const bench = await openAcpBench(
    {
      agents,
      processes: createProcesses({ host: systemHost, containment, limits, ...(more.baseEnv && { baseEnv: more.baseEnv }) }),
      ...(home !== undefined && { hide: () => ({ home, sockets: [] }) }),
    },
    { onQuestion: () => ({ option_id: "allow_once" }), graceMs: limits.graceMs, limits, ...more.manager },
  );
  return { bench, folder };
}

describe("an agent's process", () => {
  it("is told of before anything it says, and leaves by itself when its input ends", async () => {
    const { bench, folder } = await open();
    const { record, events, of } = await bench.run({ prompt: "#script say hi", cwd: folder });
    expect(record).toMatchObject({ status: "completed", result: "hi" });
    expect(events.map(({ type }) => type).slice(0, 5)).toEqual([
      "run.queued",
      "run.started",
      "process.started",
      "system.init",
      "user.message",
    ]);
    expect(of("process.signal")).toEqual([]);
    expect(of("process.exited").map(({ payload }) => payload)).toEqual([{ exit_code: 0 }]);
    expect(events.at(-1)?.type).toBe("run.completed");
  });

  it("that does not leave is made to, and nothing is left of it", async () => {
    const { bench, folder } = await open({}, { ACP_DEAF: "1" });
    const { record, of } = await bench.run({ prompt: "#script say hi", cwd: folder });
    expect(record.status).toBe("completed");
    expect(of("process.signal").map(({ payload }) => [payload["signal"], payload["by"]])).toEqual([
      ["SIGTERM", "sweep"],
      ["SIGKILL", "sweep"],
    ]);
    expect(survivors(folder)).toEqual(new Map());
  });

  it.for(["group+cookie", "pidns", "cgroup"] as const)(
    "is gone after a cancel with the sessions of its tools, at level %s",
    async (level) => {
      if (!levels[level].available) return expect(levels[level].available).toBe(false);
      const { bench, folder } = await open({ containment: level });
      const id = await bench.start({ prompt: `#script sh echo going; sleep 300; true ${folder}`, cwd: folder });
      await bench.seen(id, "question.closed");
      const { status } = await bench.manager.cancel(id);
      expect(status).toBe("canceled");
      expect(survivors(folder)).toEqual(new Map());
      expect((await bench.ended(id)).of("run.canceled")[0]?.payload["forced"]).toBeUndefined();
    },
  );

  it("that hears no cancel is ended within the grace", async () => {
    const { bench, folder } = await open({}, { ACP_DEAF: "1" });
    const id = await bench.start({ prompt: "#script say at work | deaf", cwd: folder });
    await bench.seen(id, "process.started");
    await bench.seen(id, "user.message");
    await bench.manager.cancel(id);
    const { record, of } = await bench.ended(id);
    expect(record.status).toBe("canceled");
    expect(of("run.canceled")[0]?.payload["forced"]).toBeUndefined();
    expect(of("process.signal").at(-1)?.payload["signal"]).toBe("SIGKILL");
    expect(survivors(folder)).toEqual(new Map());
  });

  it.for(["group+cookie", "pidns", "cgroup"] as const)(
    "that is killed in the middle fails the run, and its tools are ended, at level %s",
    async (level) => {
      if (!levels[level].available) return expect(levels[level].available).toBe(false);
      const { bench, folder } = await open({ containment: level });
      const id = await bench.start({ prompt: `#script sh sleep 300; true ${folder}`, cwd: folder });
      await bench.seen(id, "question.closed");
      const leader = (await bench.seen(id, "process.started")).payload["pid"] as number;
      process.kill(leader, "SIGKILL");
      const { record, of } = await bench.ended(id);
      expect(record).toMatchObject({ status: "failed", stop_reason: "error", error_code: "agent_exited" });
      expect(of("tool.result")[0]?.payload).toMatchObject({ ok: false, error: "no result reported" });
      expect(survivors(folder)).toEqual(new Map());
    },
  );

  it("that leaves in the middle fails the run with its exit code and last words", async () => {
    const { bench, folder } = await open();
    const { record, of } = await bench.run({ prompt: "#script say before | exit 3", cwd: folder });
    expect(record).toMatchObject({ status: "failed", error_code: "agent_exited", error: "The agent left with exit code 3.\nlast words" });
    expect(of("process.output")[0]?.payload).toMatchObject({ stream: "stderr", text: "last words\n" });
    expect(of("process.exited")[0]?.payload).toEqual({ exit_code: 3 });
  });

  it("that leaves is missed even while what it left behind holds its output", async () => {
    // Not in a namespace, which ends with its first process.
    const argv = ["/bin/sh", "-c", `sleep 60 & exec "$0" "$1"`, process.execPath, program];
    const { bench, folder } = await open({ argv, containment: "group+cookie" });
    const { record } = await bench.run({ prompt: "#script exit 4", cwd: folder });
    expect(record).toMatchObject({ status: "failed", error_code: "agent_exited" });
    expect(record.error).toContain("exit code 4");
    expect(survivors(folder)).toEqual(new Map());
  });

  it("may write lines that are no messages", async () => {
    const { bench, folder } = await open();
    const { record, of } = await bench.run({ prompt: "#script junk | say on", cwd: folder });
    expect(of("agent.raw").map(({ payload }) => payload)).toEqual([{ source: "stdout", data: "this is no message" }]);
    expect(record.result).toBe("on");
  });

  it("that opens no session in time fails the run", async () => {
    const { bench, folder } = await open({ argv: ["/bin/sh", "-c", "sleep 60"], start_timeout_ms: 300 });
    const { record } = await bench.run({ prompt: "hi", cwd: folder });
    expect(record).toMatchObject({ status: "failed", error_code: "executor_error" });
    expect(record.error).toContain("within 300 ms");
    expect(survivors(folder)).toEqual(new Map());
  });

  it("goes on with a session that another process began", async () => {
    const sessions = realpathSync(mkdtempSync(join(tmpdir(), "anode-sessions-")));
    onTestFinished(() => rmSync(sessions, { recursive: true, force: true }));
    const { bench, folder } = await open({}, { ACP_FOLDER: sessions });
    const first = await bench.run({ prompt: "#script say one", cwd: folder });
    const second = await bench.run({ prompt: "#script say two", cwd: folder, session_id: first.record.session_id ?? "" });
    expect(second.record).toMatchObject({ status: "completed", result: "two", session_id: first.record.session_id });
    expect(second.of("process.started")[0]?.payload["pid"]).not.toBe(first.of("process.started")[0]?.payload["pid"]);
  });
});

describe("what an agent's process has", () => {
  const environment = (text: string | undefined) =>
    new Map((text ?? "").split("\n").map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]));

  it("is the allow-list, what its definition passes and sets, and never an empty HOME", async () => {
    const baseEnv = { PATH: process.env["PATH"] ?? "", HOME: "", DATABASE_URL: "secret", PASSED: "yes", ANODE_TOKEN: "t" };
    const { bench, folder } = await open({ env: { pass: ["PASSED"], set: { MARK: "m" } } }, {}, { baseEnv });
    const { of, record } = await bench.run({ prompt: "#script sh env", cwd: folder, approval_mode: "unrestricted" });
    const variables = environment(String(of("tool.result")[0]?.payload["output"]));
    expect(variables.get("HOME")).toBe(homedir());
    expect([variables.get("PASSED"), variables.get("MARK"), variables.get("ANODE_RUN_ID")]).toEqual(["yes", "m", record.id]);
    expect([variables.has("DATABASE_URL"), variables.has("ANODE_TOKEN")]).toEqual([false, false]);
  });

  it.runIf(levels.pidns.available)("does not reach the daemon's home, by itself or through us", async () => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
    mkdirSync(join(cwd, "home"));
    writeFileSync(join(cwd, "home", "token"), "the token");
    writeFileSync(join(cwd, "open.txt"), "in the open");
    const { bench } = await open({}, {}, { home: join(cwd, "home") });
    const prompt = "#script sh cat open.txt home/token 2>&1 | read home/token";
    const { of, record } = await bench.run({ prompt, cwd, approval_mode: "unrestricted" });
    expect(of("process.started")[0]?.payload["containment"]).toBe("pidns");
    expect(of("tool.result")[0]?.payload["output"]).toContain("in the open");
    expect(of("tool.result")[0]?.payload["output"]).not.toContain("the token");
    expect(record).toMatchObject({ status: "failed", error_code: "model_error" });
    expect(record.error).toContain("outside the run's folder");
  });
});
