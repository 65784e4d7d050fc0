import { execFile } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { readDaemonFile } from "../../adapters/client/index.js";
import {
  detachDaemon,
  readToken,
  resumeAdmission,
  type RunningDaemon,
  startDaemon,
  StartRefused,
  stopDaemon,
} from "../../adapters/daemon/index.js";
import { applicationId } from "../../lib/node/index.js";
import { call, daemonHere, daemonPlace, daemonProcess, daemonProgram, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { newUser, programPath } from "../support/program.js";
import { sourceArguments, sourceWorker } from "../support/sqlite.js";

const isRoot = process.getuid?.() === 0;
const urlOf = (daemon: RunningDaemon): string => daemon.addresses.find((address) => address.startsWith("http")) ?? "";

async function start(target: string, body: object): Promise<string> {
  const { status, json, text } = await call(target, "/runs", { body });
  if (status !== 201) throw new Error(text);
  return json.run_id;
}

async function ended(target: string, id: string): Promise<{ status: string } & Record<string, unknown>> {
  return (await call(target, `/runs/${id}/wait?timeout_ms=20000`)).json;
}

async function refusal(promise: Promise<unknown>): Promise<StartRefused> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof StartRefused) return error;
  throw new Error(`It was not refused: ${String(error)}`);
}

describe("startDaemon", () => {
  it("answers the owner on the default socket and over TCP, and tells clients where it is", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    const url = urlOf(daemon);
    for (const target of [place.home.socket, url]) {
      const health = await call(target, "/health");
      expect([health.status, health.json.status, health.json.pid, health.json.addresses]).toEqual([
        200,
        "ok",
        process.pid,
        daemon.addresses,
      ]);
      expect((await call(target, "/ready")).json).toEqual({ ready: true });
      expect((await call(target, "/auth/self")).json).toMatchObject({ kind: "owner" });
    }
    expect(await readDaemonFile(place.home.discovery)).toMatchObject({
      schema: 1,
      pid: process.pid,
      url,
      socket: place.home.socket,
      token_file: place.home.token,
    });
    const { discovery, token, log, socket } = place.home;
    expect([discovery, token, log, socket].map((path) => lstatSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
  });

  it("serves the whole status and the document of the contract", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    const { json } = await call(place.home.socket, "/status");
    expect(json).toMatchObject({
      service: "anode-daemon",
      instance: daemon.instance,
      store_id: daemon.storeId,
      store: { kind: "sqlite", durable: true },
    });
    expect(Object.keys(json)).toEqual(
      expect.arrayContaining(["memory", "fds", "containment", "event_loop_delay_ms", "started_at", "logs", "limits"]),
    );
    expect((await call(place.home.socket, "/openapi.json")).json.openapi).toBe("3.1.0");
  });

  it("takes its own token on every door and refuses a wrong one on every door", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    for (const target of [place.home.socket, urlOf(daemon)]) {
      expect((await call(target, "/auth/self", { token: readToken(place.home.token) })).json).toMatchObject({ kind: "root" });
      const wrong = await call(target, "/auth/self", { token: "anode_wrong" });
      expect([wrong.status, wrong.json.code, wrong.json.reason, wrong.headers["www-authenticate"]]).toEqual([
        401,
        "auth_invalid",
        "unknown",
        "Bearer",
      ]);
    }
  });

  it("asks a browser or a relay over TCP for a token, though it is ours", async () => {
    const daemon = await daemonHere(daemonPlace());
    const url = urlOf(daemon);
    for (const headers of [{ Origin: url }, { "Sec-Fetch-Site": "same-origin" }, { "X-Forwarded-For": "10.0.0.1" }, { Via: "1.1 proxy" }]) {
      expect((await call(url, "/status", { headers: headers as Record<string, string> })).status).toBe(401);
    }
    expect((await call(url, "/health", { headers: { Via: "1.1 proxy" } })).json).toEqual({ status: "ok" });
    expect((await call(url, "/status", { headers: { Host: "evil.example" } })).status).toBe(421);
  });

  it.skipIf(!isRoot)("asks another user over TCP for a token (needs root to become one)", async () => {
    const daemon = await daemonHere(daemonPlace());
    const program = `require("http").get(process.argv[1] + "/status", (reply) => console.log(reply.statusCode, reply.resume() && ""))`;
    // Not the synchronous form: this process has to answer meanwhile.
    const run = async (uid: number): Promise<string> =>
      (await promisify(execFile)(process.execPath, ["-e", program, urlOf(daemon)], { uid, cwd: "/" })).stdout.trim();
    expect([await run(0), await run(65_534)]).toEqual(["200", "401"]);
  });

  it("requires a configured token over TCP and makes no token file", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(place.home.config, JSON.stringify({ daemon: { auth_token: "{env:OPERATOR}" } }), { mode: 0o600 });
    const daemon = await daemonHere({ ...place, env: { ...place.env, OPERATOR: "a-token-of-the-operator" } });
    const url = urlOf(daemon);
    expect((await call(url, "/status")).json.code).toBe("auth_required");
    expect((await call(url, "/status", { token: "a-token-of-the-operator" })).status).toBe(200);
    expect((await call(place.home.socket, "/status")).status).toBe(200);
    expect((await call(place.home.socket, "/auth/rotate", { body: {} })).json.code).toBe("token_configured");
    expect(existsSync(place.home.token)).toBe(false);
    expect((await readDaemonFile(place.home.discovery))?.token_file).toBeUndefined();
  });

  it("rotates the token: the file has the new one, the old one holds for its grace", async () => {
    const place = daemonPlace();
    const url = urlOf(await daemonHere(place));
    const old = readToken(place.home.token);
    expect((await call(place.home.socket, "/auth/rotate", { body: { grace_ms: 60_000 } })).json).toEqual({ grace_ms: 60_000 });
    const next = readToken(place.home.token);
    expect(next).not.toBe(old);
    for (const token of [old, next]) expect((await call(url, "/auth/self", { token })).status).toBe(200);
    await call(place.home.socket, "/auth/rotate", { body: { grace_ms: 0 } });
    expect(await eventually(async () => (await call(url, "/auth/self", { token: next })).status === 401)).toBe(true);
  });

  it("keeps derived tokens over a restart, and voids them when the token file was deleted", async () => {
    const place = daemonPlace();
    const first = await daemonHere(place);
    const { token } = (await call(place.home.socket, "/auth/tokens", { body: { label: "ci", scopes: ["read"] } })).json;
    await first.close();
    const second = await daemonHere(place);
    expect((await call(urlOf(second), "/auth/self", { token })).json).toMatchObject({ kind: "token", scopes: ["read"] });
    await second.close();
    renameSync(place.home.token, `${place.home.token}.gone`);
    const third = await daemonHere(place);
    expect((await call(urlOf(third), "/auth/self", { token })).status).toBe(401);
  });

  it("takes the port of before again, moves when it is taken, and holds on to an explicit one", async () => {
    const place = daemonPlace();
    const first = await daemonHere(place);
    const port = Number(new URL(urlOf(first)).port);
    await first.close();
    const second = await daemonHere(place);
    expect(new URL(urlOf(second)).port).toBe(String(port));
    await second.close();
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    expect((await refusal(startDaemon({ env: place.env, cwd: place.cwd, port, store: "memory" }))).exit).toBe(75);
    const third = await daemonHere(place);
    expect(new URL(urlOf(third)).port).not.toBe(String(port));
  });

  it("opens exactly the named addresses", async () => {
    const place = daemonPlace();
    const path = join(place.cwd, "..", "own.sock");
    const daemon = await daemonHere(place, { addr: [path], store: "memory" });
    expect(daemon.addresses).toHaveLength(1);
    expect([(await call(path, "/health")).status, existsSync(place.home.socket)]).toEqual([200, false]);
  });

  it("runs a command over the socket, and free commands over TCP not at all", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    const run = await ended(place.home.socket, await start(place.home.socket, { argv: ["sh", "-c", "pwd; exit 3"] }));
    expect(run).toMatchObject({ status: "failed", exit_code: 3, result: `${place.cwd}\n` });
    const refused = await call(urlOf(daemon), "/runs", { body: { argv: ["true"] }, token: readToken(place.home.token) });
    expect([refused.status, refused.json.code]).toEqual([403, "argv_not_allowed"]);
    expect((await call(place.home.socket, "/runs", { body: { prompt: "investigate flaky tests" } })).json.code).toBe("model_unavailable");
  });

  it("lets callers without admin work inside the roots only, by real path", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(place.home.config, JSON.stringify({ daemon: { commands: { where: { argv: ["pwd"], prompt_via: "none" } } } }), {
      mode: 0o600,
    });
    const daemon = await daemonHere(place);
    const { token } = (await call(place.home.socket, "/auth/tokens", { body: { label: "ci", scopes: ["read", "control"] } })).json;
    const attempt = (cwd: string): Promise<unknown> =>
      call(urlOf(daemon), "/runs", { token, body: { command: "where", cwd } }).then(({ json }) => json.code ?? "started");
    mkdirSync(join(place.cwd, "inner"));
    expect([await attempt(place.cwd), await attempt(join(place.cwd, "inner"))]).toEqual(["started", "started"]);
    expect([await attempt("/"), await attempt(join(place.cwd, "..")), await attempt(join(place.cwd, "no"))]).toEqual([
      "cwd_not_allowed",
      "cwd_not_allowed",
      "cwd_not_found",
    ]);
  });

  it("gives a run a token that is this run, hides it from the events, and ends it with the run", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    const program = `
      const [, port] = /^anode_at_(\\d+)_/.exec(process.env.ANODE_RUN_TOKEN);
      const { request } = await import("node:http");
      const ask = (headers, method, path) => new Promise((resolve) => {
        const call = request({ host: "127.0.0.1", port, path, method, headers }, (reply) => reply.toArray().then((all) => resolve(JSON.parse(Buffer.concat(all)))));
        call.end();
      });
      const own = await ask({ authorization: "Bearer " + process.env.ANODE_RUN_TOKEN }, "GET", "/auth/self");
      const bare = await ask({ "content-type": "application/json" }, "POST", "/runs/prune");
      console.log(JSON.stringify({ own, bare: bare.code, token: process.env.ANODE_RUN_TOKEN }));`;
    const id = await start(place.home.socket, { argv: [process.execPath, "--input-type=module", "-e", program] });
    const { result, error } = await ended(place.home.socket, id);
    expect(error).toBeUndefined();
    const seen = JSON.parse(String(result)) as Record<string, unknown>;
    expect(seen).toEqual({
      own: expect.objectContaining({ kind: "token", run_id: id, scopes: ["read", "control"] }),
      bare: "caller_is_a_run",
      token: "[redacted:run_token]",
    });
    expect((await call(place.home.socket, `/runs/${id}/events?follow=false`)).text).not.toMatch(/anode_at_\d/);
    expect(await eventually(() => daemon.tokens.list().length === 0)).toBe(true);
  });

  it("gives no run token without TCP", async () => {
    const place = daemonPlace();
    await daemonHere(place, { noTcp: true });
    const id = await start(place.home.socket, { argv: ["sh", "-c", 'echo "[$ANODE_RUN_TOKEN]"'] });
    expect(await ended(place.home.socket, id)).toMatchObject({ result: "[]\n" });
  });

  it("starts nothing by itself after five unclean starts, until an operator lifts that", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.state, { recursive: true, mode: 0o700 });
    chmodSync(place.home.path, 0o700);
    writeFileSync(place.home.starts, JSON.stringify(Array.from({ length: 5 }, () => Date.now())));
    await daemonHere(place);
    const id = await start(place.home.socket, { argv: ["true"] });
    expect((await call(place.home.socket, "/health")).json).toMatchObject({ status: "degraded", degraded: ["admission_paused"] });
    expect((await call(place.home.socket, `/runs/${id}`)).json.status).toBe("queued");
    resumeAdmission(place.home.starts);
    expect(await ended(place.home.socket, id)).toMatchObject({ status: "completed" });
    expect((await call(place.home.socket, "/health")).json.status).toBe("ok");
  });

  const refusals: readonly [title: string, exit: number, prepare: (place: ReturnType<typeof daemonPlace>) => object][] = [
    ["an open home folder", 78, ({ home }) => (mkdirSync(home.path, { mode: 0o755 }), chmodSync(home.path, 0o755), {})],
    ["a store of a newer version", 78, ({ home }) => newerStore(home.path, home.state, home.store)],
    ["a store of another program", 78, ({ home }) => foreignStore(home.path, home.state, home.store)],
    ["a store that is no database", 74, ({ home }) => brokenStore(home.path, home.state, home.store)],
    ["a socket path in a folder of everybody", 78, ({ cwd }) => (chmodSync(cwd, 0o777), { addr: ["./x.sock"] })],
    ["an address of everybody", 78, () => ({ addr: ["0.0.0.0:0"] })],
    ["an address that is none of this machine", 78, () => ({ addr: ["192.0.2.1:1"], dangerouslyAllowRemote: true })],
    [
      "limits of the configuration that are none",
      78,
      ({ home }) => withConfig(home.path, home.config, { daemon: { limits: { streams: -1 } } }),
    ],
    ["a store of the configuration that is none", 78, ({ home }) => withConfig(home.path, home.config, { daemon: { store: "redis://x" } })],
  ];
  for (const [title, exit, prepare] of refusals) {
    it(`refuses ${title} with ${exit} and leaves nothing open`, async () => {
      const place = daemonPlace();
      const options = prepare(place);
      expect(await refusal(startDaemon({ env: place.env, cwd: place.cwd, sqliteWorker: sourceWorker(), ...options }))).toMatchObject({
        exit,
      });
      expect([existsSync(place.home.socket), existsSync(place.home.discovery)]).toEqual([false, false]);
    });
  }
});

function newerStore(home: string, state: string, store: string): object {
  makeHome(home, state);
  const db = new DatabaseSync(store);
  db.exec(`CREATE TABLE later (x); PRAGMA application_id=${applicationId}; PRAGMA user_version=999`);
  db.close();
  return {};
}

function foreignStore(home: string, state: string, store: string): object {
  makeHome(home, state);
  const db = new DatabaseSync(store);
  db.exec("CREATE TABLE theirs (x); PRAGMA application_id=7");
  db.close();
  return {};
}

function brokenStore(home: string, state: string, store: string): object {
  makeHome(home, state);
  writeFileSync(store, "x".repeat(8192), { mode: 0o600 });
  return {};
}

function withConfig(home: string, path: string, config: object): object {
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return {};
}

function makeHome(home: string, state: string): void {
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(state, { mode: 0o700 });
}

describe("the daemon as a process", () => {
  it("is there again after kill -9: its runs interrupted with the reason, their events kept, no process left", async () => {
    const place = daemonPlace();
    const first = daemonProcess(place);
    await first.listens;
    const done = await start(place.home.socket, { argv: ["echo", "kept"] });
    await ended(place.home.socket, done);
    const id = await start(place.home.socket, { argv: ["sh", "-c", "echo begun; (setsid sleep 300 &) ; sleep 300"] });
    const before = await eventually(async () => {
      const { json } = await call(place.home.socket, `/runs/${id}/events?follow=false`, { headers: { Accept: "application/json" } });
      return json.events?.some((event: { type: string }) => event.type === "process.output") && json.events;
    });
    await eventually(() => survivors(`.${id}`).size === 3);
    first.child.kill("SIGKILL");
    expect(await first.ended).toBe("SIGKILL");
    expect(existsSync(place.home.socket)).toBe(true);

    const second = daemonProcess(place);
    await second.listens;
    const { json } = await call(place.home.socket, "/runs");
    expect(json.runs.map((run: { id: string; status: string }) => [run.id, run.status])).toEqual([
      [id, "interrupted"],
      [done, "completed"],
    ]);
    expect(json.runs[0]).toMatchObject({ stop_reason: "crash", error_code: "daemon_restart" });
    const after = (await call(place.home.socket, `/runs/${id}/events?follow=false`, { headers: { Accept: "application/json" } })).json
      .events;
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length).map((event: { type: string }) => event.type)).toEqual(["run.interrupted"]);
    expect([...survivors(place.home.path).keys()].filter((pid) => pid !== second.pid)).toEqual([]);
    expect(survivors(`.${id}`).size).toBe(0);
  });

  it("refuses to be the second one, with 75 and the first one's pid", async () => {
    const place = daemonPlace();
    const first = daemonProcess(place);
    await first.listens;
    const second = daemonProcess(place);
    expect(await second.ended).toBe(75);
    expect(second.said()).toContain(`process ${first.pid}`);
    expect((await call(place.home.socket, "/health")).json.pid).toBe(first.pid);
  });

  it("says on the terminal why it does not start, and how to repair it", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path);
    chmodSync(place.home.path, 0o755);
    const daemon = daemonProcess(place);
    expect(await daemon.ended).toBe(78);
    expect(daemon.said()).toContain(`chmod 700 ${place.home.path}`);
  });

  it("says in one sentence that the folder it is started in is gone", async () => {
    const user = newUser();
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" daemon --no-tcp`;
    const { code, err } = await user.run("/bin/sh", "-c", script, process.execPath, programPath);
    expect([code, err.trim().split("\n")]).toEqual([1, [expect.stringMatching(/^anode: .*working directory/)]]);
  });

  it("ends at SIGTERM with 0: streams get their terminal event, queued runs wait for the next start, its files go", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(place.home.config, JSON.stringify({ daemon: { concurrency: 1 } }), { mode: 0o600 });
    const first = daemonProcess(place);
    await first.listens;
    const running = await start(place.home.socket, { argv: ["sleep", "300"] });
    const queued = await start(place.home.socket, { argv: ["echo", "later"] });
    const stream = call(place.home.socket, `/runs/${running}/events`, { headers: { Accept: "text/event-stream" } });
    await eventually(async () => (await call(place.home.socket, "/status")).json.readers === 1);
    first.child.kill("SIGTERM");
    const last =
      (await stream).text
        .trimEnd()
        .split("\n")
        .findLast((line) => line.startsWith("data: "))
        ?.slice("data: ".length) ?? ""; // prettier-ignore
    expect(JSON.parse(last)).toMatchObject({ type: "run.interrupted", status: "interrupted" });
    expect(await first.ended).toBe(0);
    expect([existsSync(place.home.socket), existsSync(place.home.discovery), survivors(`.${running}`).size]).toEqual([false, false, 0]);

    const second = daemonProcess(place);
    await second.listens;
    expect(await ended(place.home.socket, queued)).toMatchObject({ status: "completed", result: "later\n" });
    expect(await ended(place.home.socket, running)).toMatchObject({ status: "interrupted", stop_reason: "shutdown" });
  });

  it("lets runs finish within the drain, and refuses new ones meanwhile", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(place.home.config, JSON.stringify({ daemon: { shutdown_drain_ms: 20_000 } }), { mode: 0o600 });
    const first = daemonProcess(place);
    await first.listens;
    const flag = join(place.cwd, "go");
    const id = await start(place.home.socket, { argv: ["sh", "-c", `until [ -e ${flag} ]; do sleep 0.05; done; echo done`] });
    const stream = call(place.home.socket, `/runs/${id}/events`, { headers: { Accept: "text/event-stream" } });
    await eventually(async () => (await call(place.home.socket, "/status")).json.readers === 1);
    first.child.kill("SIGTERM");
    await eventually(() =>
      call(place.home.socket, "/health").then(
        () => false,
        () => true,
      ),
    ); // prettier-ignore
    writeFileSync(flag, "");
    expect((await stream).text).toContain('"run.completed"');
    expect(await first.ended).toBe(0);
  });

  it("ends at a second signal with 1, at once, and no process is left", async () => {
    const place = daemonPlace();
    const daemon = daemonProcess(place);
    await daemon.listens;
    const id = await start(place.home.socket, { argv: ["sh", "-c", "trap '' TERM INT; echo deaf; while :; do sleep 0.1; done"] });
    await eventually(async () => (await call(place.home.socket, `/runs/${id}`)).json.last_seq >= 4);
    const startedAt = Date.now();
    daemon.child.kill("SIGTERM");
    await eventually(() =>
      call(place.home.socket, "/health").then(
        () => false,
        () => true,
      ),
    ); // prettier-ignore
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended).toBe(1);
    // The polite end would have waited for five seconds.
    expect(Date.now() - startedAt).toBeLessThan(4_000);
    expect(survivors(`.${id}`).size).toBe(0);
  });

  it("goes on in a new log file after SIGHUP", async () => {
    const place = daemonPlace();
    const daemon = daemonProcess(place);
    await daemon.listens;
    renameSync(place.home.log, `${place.home.log}.moved`);
    daemon.child.kill("SIGHUP");
    await eventually(() => existsSync(place.home.log));
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended).toBe(0);
    expect(readFileSync(place.home.log, "utf8")).toContain("daemon.stopping");
  });
});

describe("detachDaemon and stopDaemon", () => {
  const detached = (place: ReturnType<typeof daemonPlace>): { env: Record<string, string>; cwd: string; program: string } => ({
    env: { ...place.env, NODE_OPTIONS: sourceArguments.map((word) => JSON.stringify(word)).join(" ") },
    cwd: place.cwd,
    program: daemonProgram,
  });

  it("starts one daemon for many starters at once, and stops it", async () => {
    const place = daemonPlace();
    const found = await Promise.all([1, 2, 3].map(() => detachDaemon(detached(place))));
    expect(new Set(found.map(({ pid }) => pid)).size).toBe(1);
    expect((await call(place.home.socket, "/health")).json.pid).toBe(found[0]?.pid);
    expect(await stopDaemon({ env: place.env })).toBe(found[0]?.pid);
    expect([existsSync(place.home.socket), await readDaemonFile(place.home.discovery)]).toEqual([false, undefined]);
    await expect(stopDaemon({ env: place.env })).rejects.toThrow(expect.objectContaining({ code: "connection_refused" }));
  });

  it("passes on the exit status and the words of a daemon that does not start", async () => {
    const place = daemonPlace();
    mkdirSync(place.home.path);
    chmodSync(place.home.path, 0o755);
    const error = await refusal(detachDaemon(detached(place)));
    expect([error.exit, error.message.includes(`chmod 700 ${place.home.path}`)]).toEqual([78, true]);
  });

  it("does not take another daemon for one with other flags", async () => {
    const place = daemonPlace();
    await daemonHere(place);
    expect((await refusal(detachDaemon({ ...detached(place), noTcp: true }))).exit).toBe(75);
    expect((await detachDaemon(detached(place))).pid).toBe(process.pid);
  });

  it("leaves a process alone that is not the daemon of the file", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place);
    const text = readFileSync(place.home.discovery, "utf8");
    writeFileSync(place.home.discovery, text.replace(/"start_ticks":\d+/, '"start_ticks":1'));
    await expect(stopDaemon({ env: place.env })).rejects.toThrow(expect.objectContaining({ code: "connection_refused" }));
    expect((await call(place.home.socket, "/health")).json.instance).toBe(daemon.instance);
  });
});
