import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isDead, systemReader } from "../../lib/node/index.js";
import { newUser, says, scriptedDaemon, type User } from "../support/program.js";
import { verifiesWith } from "./verifies.js";

const runId = /^R-\d{19}_\d+\n$/;

async function startedRun(user: User, ...words: string[]): Promise<string> {
  const { code, out, err } = await user.anode("runs", "start", ...words);
  expect([code, err]).toEqual([0, expect.any(String)]);
  expect(out).toMatch(runId);
  return out.trim();
}

async function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Ended processes that nobody has reaped yet count as gone. */
function isAlive(pid: number): boolean {
  const info = systemReader().read(pid);
  return info !== undefined && !isDead(info);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("It never held.");
}

const showsStatus = async (user: User, id: string, status: string): Promise<boolean> =>
  JSON.parse((await user.anode("runs", "show", id, "--json")).out).status === status;

describe("the command line", () => {
  verifiesWith("anode.socket.default", "cli", async () => {
    const user = newUser();
    const daemon = user.start("daemon");
    const socket = join(user.folder, ".config/anode/daemon.sock");
    await says(daemon, `listening on unix:${socket}`);
    expect((await user.run("curl", "-sS", "--unix-socket", socket, "http://localhost/health")).out).toContain('"active_runs":0');
  });

  test("takes the documented port 7433 where it is free", async ({ skip }) => {
    if (!(await portIsFree(7433))) skip("it is not free");
    const user = newUser();
    await says(user.start("daemon", "--addr", "127.0.0.1:7433"), "listening on http://127.0.0.1:7433");
    expect(existsSync(join(user.home, "daemon.sock"))).toBe(false);
    expect(await user.anode("runs", "list", "--daemon", "127.0.0.1:7433")).toMatchObject({ code: 0, out: expect.stringContaining("ID") });
  });
  verifiesWith("anode.addr.tcp", "cli", async () => {
    const user = newUser();
    const daemon = user.start("daemon", "--addr", "127.0.0.1:0");
    await says(daemon, "listening on http://127.0.0.1:");
  });
  verifiesWith("anode.addr.client", "cli", async () => {
    const [owner, other] = [newUser(), newUser()];
    const daemon = await scriptedDaemon(owner);
    const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
    const address = url.slice("http://".length);
    const id = await startedRun(other, "--daemon", address, "--no-spawn", "over there");
    expect(await other.anode("attach", id, "--daemon", address)).toMatchObject({
      code: 0,
      out: expect.stringContaining("did: over there"),
    });
    expect(await other.anode("runs", "list", "--daemon", "127.0.0.1:1")).toMatchObject({ code: 3, out: "" });
  });

  verifiesWith("anode.addr.unix", "cli", async () => {
    const user = newUser();
    const path = `/tmp/anode-${process.pid}.sock`;
    await says(user.start("daemon", "--addr", path), `listening on unix:${path}`);
    expect(await user.anode("runs", "list", "--daemon", path)).toMatchObject({ code: 0 });
  });

  verifiesWith("anode.runs.start", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "investigate flaky tests");
    expect(await user.anode("runs", "wait", id)).toMatchObject({ code: 0 });
    expect(JSON.parse((await user.anode("runs", "show", id, "--json")).out)).toMatchObject({
      prompt: "investigate flaky tests",
      status: "completed",
    });
  });

  verifiesWith("anode.runs.start.flags", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(
      user,
      "--profile",
      "study",
      "--model",
      "openai/gpt-5.5",
      "--max-turns",
      "10",
      "--approval",
      "auto",
      "--run-label",
      "007",
      "summarize",
      "failures",
    );
    expect(JSON.parse((await user.anode("runs", "show", id, "--json")).out)).toMatchObject({
      prompt: "summarize failures",
      profile: "study",
      model: "openai/gpt-5.5",
      max_turns: 10,
      approval_mode: "auto",
      label: "007",
    });
  });

  verifiesWith("anode.runs.start.stock", "cli", async () => {
    const user = newUser();
    const { code, out, err } = await user.anode("runs", "start", "investigate flaky tests");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("ANTHROPIC_API_KEY");
  });

  verifiesWith("anode.runs.start.prompt-required", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    expect(await user.anode("runs", "start", "--run-label", "x")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("prompt"),
    });
  });

  verifiesWith("anode.runs.list", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const ids = [await startedRun(user, "one"), await startedRun(user, "two")];
    await user.anode("runs", "wait", ids[1] ?? "");
    const rows = (await user.anode("runs", "list")).out.trimEnd().split("\n");
    expect(rows[0]).toMatch(/^ID\s+STATUS\s+PROFILE\s+LABEL\s+STARTED\s+PROMPT$/);
    expect(rows.slice(1).map((row) => row.split(/\s+/)[0])).toEqual([ids[1], ids[0]]);
  });

  verifiesWith("anode.runs.list.limit", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    for (const prompt of ["one", "two", "three"]) await startedRun(user, prompt);
    const count = async (limit: string): Promise<number> =>
      JSON.parse((await user.anode("runs", "list", "--limit", limit, "--json")).out).runs.length;
    expect([await count("10"), await count("2"), await count("0")]).toEqual([3, 2, 3]);
    expect(await user.anode("runs", "list", "--limit", "-1")).toMatchObject({ code: 2, out: "" });
  });

  verifiesWith("anode.runs.get", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "x");
    expect((await user.anode("runs", "show", id)).out).toContain(id);
    expect(await user.anode("runs", "show", "R-1760000000000000000_1")).toMatchObject({ code: 4, out: "" });
  });

  verifiesWith("anode.attach.ended", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "x");
    await user.anode("runs", "wait", id);
    for (let time = 0; time < 2; time++) expect(await user.anode("attach", id)).toMatchObject({ code: 0, out: "did: x\n" });
    const failed = await startedRun(user, "--profile", "fail", "x");
    expect(await user.anode("attach", failed)).toMatchObject({ code: 1, err: expect.stringContaining("no luck") });
  });

  verifiesWith("anode.attach.stream-json", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "x");
    const { code, out } = await user.anode("attach", "--stream-json", id);
    expect(code).toBe(0);
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((event) => [event.seq, event.type])).toEqual([
      [1, "run.queued"],
      [2, "run.started"],
      [3, "assistant.message"],
      [4, "run.completed"],
    ]);
  });

  verifiesWith("anode.runs.cancel", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "--profile", "hang", "x");
    expect(await user.anode("runs", "cancel", id)).toMatchObject({ code: 0 });
    expect(await user.anode("runs", "wait", id)).toMatchObject({ code: 5 });
    const done = await startedRun(user, "x");
    await user.anode("runs", "wait", done);
    expect(await user.anode("runs", "cancel", done)).toMatchObject({ code: 8, err: expect.stringContaining("completed") });
  });

  verifiesWith("anode.runs.cancel.tree", "cli", async () => {
    const user = newUser();
    const file = join(user.folder, "pids");
    const id = await startedRun(
      user,
      "--exec",
      "--",
      "sh",
      "-c",
      `setsid sleep 300 & echo $! > ${file}; sleep 300 & echo $! >> ${file}; echo $$ >> ${file}; wait`,
    );
    await until(async () => existsSync(file) && readFileSync(file, "utf8").trim().split("\n").length === 3);
    const pids = readFileSync(file, "utf8").trim().split("\n").map(Number);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    expect(await user.anode("runs", "cancel", id)).toMatchObject({ code: 0 });
    expect(pids.map(isAlive)).toEqual([false, false, false]);
  });

  verifiesWith("anode.runs.background", "cli", async () => {
    const user = newUser();
    const flag = join(user.folder, "go");
    const id = await startedRun(user, "--exec", "--", "sh", "-c", `echo here; until [ -e ${flag} ]; do sleep 0.05; done; echo still here`);
    const attached = user.start("attach", id);
    await new Promise((resolve) => attached.stdout?.once("data", resolve));
    attached.kill("SIGINT");
    expect(await new Promise((resolve) => attached.once("exit", resolve))).toBe(130);
    writeFileSync(flag, "");
    expect(await user.anode("runs", "wait", id)).toMatchObject({ code: 0 });
    expect((await user.anode("attach", id)).out).toBe("here\nstill here\n");
  });

  verifiesWith("anode.runs.wait", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "--profile", "hang", "x");
    expect(await user.anode("runs", "wait", id, "--timeout-ms", "100")).toMatchObject({ code: 7 });
    expect(await user.anode("runs", "wait", await startedRun(user, "--profile", "fail", "x"))).toMatchObject({ code: 1 });
  });

  verifiesWith("anode.runs.input", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "--profile", "tasks", "--keep-open", "x");
    expect(await user.anode("runs", "input", id, "go", "on")).toMatchObject({ code: 0 });
    const attached = user.start("attach", "--stream-json", id);
    for await (const part of attached.stdout ?? []) if (String(part).includes("did: go on")) break;
    attached.kill("SIGINT");
    await user.anode("runs", "cancel", id);
    expect(await user.anode("runs", "input", id, "late")).toMatchObject({ code: 8 });
  });

  verifiesWith("anode.questions", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const id = await startedRun(user, "--profile", "ask", "x");
    await until(() => showsStatus(user, id, "waiting"));
    expect(await user.anode("runs", "answer", id, "--list")).toMatchObject({ code: 0, out: expect.stringContaining("Run ls?") });
    expect(await user.anode("runs", "answer", id, "perhaps")).toMatchObject({ code: 2 });
    expect(await user.anode("runs", "answer", id, "y")).toMatchObject({ code: 0 });
    await user.anode("runs", "wait", id);
    expect(JSON.parse((await user.anode("runs", "show", id, "--json")).out).result).toBe("allow");
  });

  verifiesWith("anode.openapi", "cli", async () => {
    const { code, out } = await newUser().anode("openapi");
    expect([code, JSON.parse(out).openapi]).toEqual([0, "3.1.0"]);
  });

  verifiesWith("anode.restart", "cli", async () => {
    const user = newUser();
    const done = await startedRun(user, "--exec", "--", "echo", "kept");
    await user.anode("runs", "wait", done);
    const file = join(user.folder, "pid");
    const id = await startedRun(user, "--exec", "--", "sh", "-c", `echo before; sleep 300 & echo $! > ${file}; wait`);
    await until(async () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
    const child = Number(readFileSync(file, "utf8"));
    await until(async () => (await readLog(user, id)).includes(`"text":"before\\n"`));
    const { pid } = JSON.parse(readFileSync(join(user.home, "daemon.json"), "utf8"));
    process.kill(pid, "SIGKILL");
    expect((await user.anode("runs", "list")).code).toBe(3);
    expect(await user.anode("daemon", "--detach")).toMatchObject({ code: 0 });
    const { runs } = JSON.parse((await user.anode("runs", "list", "--json")).out);
    expect(runs.map((run: { id: string; status: string; stop_reason: string }) => [run.id, run.status, run.stop_reason])).toEqual([
      [id, "interrupted", "crash"],
      [done, "completed", "exit"],
    ]);
    expect(await user.anode("attach", done)).toMatchObject({ code: 0, out: "kept\n" });
    expect(await user.anode("attach", id)).toMatchObject({ code: 9, out: expect.stringContaining("before\n") });
    expect(isAlive(child)).toBe(false);
  });
});

async function readLog(user: User, id: string): Promise<string> {
  const socket = join(user.home, "daemon.sock");
  return (await user.run("curl", "-sS", "--unix-socket", socket, `http://localhost/runs/${id}/events?follow=false`)).out;
}
