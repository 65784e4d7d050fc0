import { type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentExecutor } from "../../lib/agent/index.js";
import { systemHost } from "../../lib/system-host.js";
import { createManualClock } from "../../lib/testing/manual-clock.js";
import { temporaryFolder } from "../support/agent.js";
import { configAt, fakeModel } from "../support/agent-apis.js";
import { eventually } from "../support/daemon.js";
import { eventsOf, openManager, until } from "../support/manager.js";
import { newUser } from "../support/program.js";

/** A user with a key in the environment and nothing more; the provider's address is the fake model server. */
async function userWithKey() {
  const fake = await fakeModel();
  const user = newUser();
  const config = { providers: { openai: { baseURL: `${fake.url}/v1` } } };
  mkdirSync(user.home, { recursive: true, mode: 0o700 });
  writeFileSync(join(user.home, "config.json"), JSON.stringify(config), { mode: 0o600 });
  user.env["OPENAI_API_KEY"] = "sk-of-this-test";
  /** What a command of `anode` prints, and nothing but success. */
  const anode = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await user.anode(...words);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    return out.trim();
  };
  const curl = async (path: string, body?: object): Promise<string> => {
    const sends = body ? ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)] : [];
    const socket = join(user.home, "daemon.sock");
    return (await user.run("curl", "-sS", "--unix-socket", socket, `http://localhost${path}`, ...sends)).out;
  };
  const json = async (text: Promise<string>) => JSON.parse(await text);
  const show = (id: string) => json(anode("runs", "show", id, "--json"));
  return {
    fake,
    user,
    anode,
    curl,
    show,
    /** Starts a run that asks to write `a.txt`, and resolves with its id and its question when it waits. */
    async asking(...flags: string[]) {
      const id = await anode("runs", "start", ...flags, "#script write a.txt hello | say Went on");
      const question = await eventually(async () => (await json(anode("runs", "answer", id, "--list", "--json"))).questions[0]);
      return { id, question };
    },
    /** The record of a run that has ended; however it did. */
    async ended(id: string) {
      await user.anode("runs", "wait", id);
      return show(id);
    },
    /** The payloads of a run's events of one type, as the terminal prints them. */
    async told(id: string, type: string): Promise<unknown[]> {
      const { out } = await user.anode("attach", "--stream-json", id);
      const events = out.trim().split("\n");
      return events.map((line) => JSON.parse(line)).flatMap((event) => (event.type === type ? [event.payload] : []));
    },
    written: () => existsSync(join(user.folder, "a.txt")) && readFileSync(join(user.folder, "a.txt"), "utf8"),
  };
}

/** What a terminal showed until its command ended. */
async function shown(terminal: ChildProcess): Promise<string> {
  let text = "";
  for (const stream of [terminal.stdout, terminal.stderr]) stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
  await new Promise((resolve) => terminal.once("close", resolve));
  return text;
}

/** The types of the events in JSON lines or Server-Sent Events. */
function typesIn(text: string): string[] {
  return [...text.matchAll(/^(?:data: )?(\{.*\})$/gm)].map(([, event = ""]) => JSON.parse(event).type);
}

const documented = [
  {
    line: ["investigate flaky tests"],
    body: { prompt: "investigate flaky tests" },
    becomes: { profile: "craft", max_turns: 20, approval_mode: "ask" },
  },
  {
    line: ["--profile", "study", "--model", "openai/gpt-5.5", "--max-turns", "10", "--approval", "auto", "summarize failures"],
    body: { prompt: "summarize failures", profile: "study", model: "openai/gpt-5.5", max_turns: 10, approval_mode: "auto" },
    becomes: { profile: "study", max_turns: 10, approval_mode: "auto" },
  },
];

describe("The documented start of a run", () => {
  it.each(documented)("$body.prompt: from the command line and from curl it is the same run", async ({ line, body, becomes }) => {
    const { fake, anode, curl, ended } = await userWithKey();
    const typed = await anode("runs", "start", ...line);
    const posted = JSON.parse(await curl("/runs", body)).run_id;
    for (const id of [typed, posted]) {
      expect(await ended(id)).toMatchObject({
        ...becomes,
        id,
        model: "openai/gpt-5.5",
        executor: "agent",
        status: "completed",
        stop_reason: "end_turn",
        result: "Done.",
      });
    }
    expect(fake.requests.map(({ api, model, ended: how }) => [api, model, how])).toEqual(
      Array(2).fill(["responses", "gpt-5.5", "finished"]),
    );
    expect(typesIn(await curl(`/runs/${posted}/events`))).toEqual(typesIn(await anode("attach", "--stream-json", typed)));
  });
});

describe("An approval that the agent asks for in one terminal", () => {
  it("is answered from another one", async () => {
    const { user, anode, asking, ended, written } = await userWithKey();
    const { id } = await asking();
    expect(written()).toBe(false);
    const first = shown(user.start("attach", id));
    expect(await anode("runs", "answer", id, "y")).toMatch(/^Q-\S+ answered$/);
    expect(await first).toContain("Went on");
    expect((await ended(id)).status).toBe("completed");
    expect(written()).toBe("hello");
  });

  it("is answered with curl, once", async () => {
    const { user, curl, asking, ended, told, written } = await userWithKey();
    const { id, question } = await asking();
    const first = shown(user.start("attach", id));
    const at = `/runs/${id}/questions/${question.question_id}/answer`;
    expect(JSON.parse(await curl(at, { option_id: "deny", message: "not here" }))).toMatchObject({ status: "closed", decision: "deny" });
    expect(JSON.parse(await curl(at, { option_id: "allow_once" }))).toMatchObject({ status: 410, code: "question_closed" });
    expect(await first).toContain(`${question.question_id} denied`);
    expect((await ended(id)).result).toBe("Went on");
    expect(await told(id, "tool.result")).toMatchObject([{ denied: true, deny_reason: expect.stringContaining("not here") }]);
    expect(written()).toBe(false);
  });

  it("is denied at its deadline, and the agent goes on without", async () => {
    const { anode, ended, told, written } = await userWithKey();
    const id = await anode("runs", "start", "--approval-timeout-ms", "1000", "#script write a.txt hello | say Went on");
    expect(await ended(id)).toMatchObject({ status: "completed", result: "Went on" });
    expect(await told(id, "question.closed")).toMatchObject([{ decision: "deny", reason: "timed_out" }]);
    expect(await told(id, "tool.result")).toMatchObject([{ ok: false, denied: true }]);
    expect(written()).toBe(false);
  });

  it("is denied at once where nobody is there and it must not wait", async () => {
    const { anode, ended, told, written } = await userWithKey();
    const id = await anode("runs", "start", "--unattended", "deny", "#script write a.txt hello | say Went on");
    expect(await ended(id)).toMatchObject({ status: "completed", result: "Went on" });
    expect(await told(id, "question.closed")).toMatchObject([{ decision: "deny", reason: "no_approver" }]);
    expect(written()).toBe(false);
  });

  it("is denied when the daemon dies, and its session goes on after the restart", async () => {
    const { anode, asking, ended, told, show, written } = await userWithKey();
    const first = await ended(await anode("runs", "start", "#script say One"));
    const { id } = await asking("--session", first.session_id);
    process.kill(JSON.parse(await anode("status", "--json")).pid, "SIGKILL");
    await anode("daemon", "--detach");
    expect(await show(id)).toMatchObject({ status: "interrupted", stop_reason: "crash", session_id: first.session_id });
    expect(await told(id, "question.closed")).toMatchObject([{ decision: "deny", reason: "restart" }]);
    expect(written()).toBe(false);
    const next = await ended(await anode("runs", "start", "--session", first.session_id, "#script say Here again"));
    expect(next).toMatchObject({ status: "completed", result: "Here again", session_id: first.session_id });
  });
});

describe("A run with the session of another", () => {
  it("knows after a restart of the daemon what was said before", async () => {
    const { anode, ended } = await userWithKey();
    // The model plays the part that follows what it did: the second one only if it sees the first.
    const first = await ended(await anode("runs", "start", "--max-turns", "1", "#script tool todo_read {} | say The second part"));
    expect(first).toMatchObject({ status: "failed", stop_reason: "max_turns" });
    await anode("daemon", "stop");
    const second = await ended(await anode("runs", "start", "--session", first.session_id, "go on"));
    expect(second).toMatchObject({ status: "completed", result: "The second part", session_id: first.session_id });
  });
});

describe("An agent's approval that must not stay unattended", () => {
  it("is denied 5 s after the last approver has left, and not before", async () => {
    const fake = await fakeModel();
    const cwd = temporaryFolder();
    const host = { ...systemHost, clock: createManualClock() };
    const executor = createAgentExecutor({ home: join(cwd, "home"), cwd, env: {}, host, config: configAt(fake.url) });
    const manager = await openManager(executor, { host, approval: { unattended: "deny" } });
    const { id } = await manager.start({ model: "openai/gpt-5.5", prompt: "#script write a.txt hello | say Went on" });
    const approver = manager.attach(id, { approver: true });
    await approver.next();
    const status = async () => (await manager.get(id)).status;
    await until(async () => (await status()) === "waiting");
    await host.clock.advance(60_000);
    await approver.return?.();
    await host.clock.advance(4_999);
    expect(await status()).toBe("waiting");
    await host.clock.advance(1);
    expect(await manager.wait(id)).toMatchObject({ status: "completed", result: "Went on" });
    const closed = (await eventsOf(manager, id)).filter(({ type }) => type === "question.closed");
    expect(closed).toMatchObject([{ payload: { decision: "deny", reason: "no_approver" } }]);
    expect(existsSync(join(cwd, "a.txt"))).toBe(false);
  });
});
