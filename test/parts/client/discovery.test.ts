import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../../adapters/client/connect.js";
import { type DaemonFile, readDaemonFile } from "../../../adapters/client/daemon-file.js";
import { discover } from "../../../adapters/client/discovery.js";
import { codeOf } from "../../unit/client/fixtures.js";
import { closeServer } from "../../support/close-server.js";

const runToken = (port: number): string => `anode_at_${port}_${"r".repeat(43)}`;
const tcp = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port });
const unix = (path: string) => ({ kind: "unix", path });

let home: string;
const cleanups: (() => Promise<unknown> | void)[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "discovery-"));
  cleanups.push(() => rm(home, { recursive: true }));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What this process would write as a daemon. */
async function ownFile(part: Partial<Record<keyof DaemonFile, unknown>> = {}): Promise<Record<string, unknown>> {
  const stat = await readFile("/proc/self/stat", "latin1");
  return {
    schema: 1,
    instance: "i-1",
    pid: process.pid,
    start_ticks: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]),
    boot_id: (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim(),
    version: "0.1.0",
    url: "http://127.0.0.1:7501",
    socket: join(home, "d.sock"),
    token_file: join(home, "token"),
    started_at: "2026-01-01T00:00:00.000Z",
    ...part,
  };
}

const writeDaemonFile = async (part?: Partial<Record<keyof DaemonFile, unknown>>): Promise<void> =>
  writeFile(join(home, "daemon.json"), JSON.stringify(await ownFile(part)), { mode: 0o600 });

describe("discover", () => {
  it("takes the first that says something: option, ANODE_DAEMON, ANODE_RUN_TOKEN, daemon.json, default socket", async () => {
    await writeDaemonFile();
    const env: Record<string, string> = { ANODE_HOME: home, ANODE_DAEMON: ":7502", ANODE_RUN_TOKEN: runToken(7503) };
    expect(await discover(env, { daemon: "/run/x.sock" })).toMatchObject({ address: unix("/run/x.sock"), source: "option" });
    expect(await discover(env)).toMatchObject({ address: tcp(7502), source: "ANODE_DAEMON" });
    delete env["ANODE_DAEMON"];
    expect(await discover(env)).toMatchObject({ address: tcp(7503), source: "ANODE_RUN_TOKEN" });
    delete env["ANODE_RUN_TOKEN"];
    expect(await discover(env)).toMatchObject({ address: unix(join(home, "d.sock")), source: "daemon.json", daemon: { instance: "i-1" } });
    await rm(join(home, "daemon.json"));
    expect(await discover(env)).toEqual({ address: unix(join(home, "daemon.sock")), source: "default", tokenFile: join(home, "token") });
  });

  it("finds the home folder by HOME when ANODE_HOME is not set", async () => {
    expect(await discover({ HOME: home, ANODE_HOME: "" })).toMatchObject({ address: unix(join(home, ".config/anode/daemon.sock")) });
  });

  it("takes the url where the daemon has no socket", async () => {
    await writeDaemonFile({ socket: null });
    expect(await discover({ ANODE_HOME: home })).toMatchObject({ address: tcp(7501), tokenFile: join(home, "token") });
  });

  it.each(["anode_at_x_y", "anode_at_0_" + "r".repeat(43), "anode_at_70000_" + "r".repeat(43), `${runToken(80)}x`, "other"])(
    "passes over the run token %s",
    async (token) => {
      expect(await discover({ ANODE_HOME: home, ANODE_RUN_TOKEN: token })).toMatchObject({ source: "default" });
    },
  );

  it("refuses an address that is none, and names where it came from", async () => {
    await expect(discover({}, { daemon: "nowhere" })).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/^daemon:/),
    });
    await expect(discover({ ANODE_DAEMON: "nowhere" })).rejects.toMatchObject({ message: expect.stringMatching(/^ANODE_DAEMON:/) });
  });
});

describe("daemon.json", () => {
  const trusted = async (): Promise<boolean> => (await readDaemonFile(join(home, "daemon.json"))) !== undefined;

  it("is trusted when its process lives", async () => {
    await writeDaemonFile();
    expect(await trusted()).toBe(true);
  });

  it.each([
    ["of another start", { start_ticks: 1 }],
    ["of another boot", { boot_id: "00000000-0000-0000-0000-000000000000" }],
    ["of no process", { pid: 2 ** 22 + 1 }],
    ["of process 0", { pid: 0 }],
    ["of a negative process", { pid: -process.pid }],
    ["of process 1, which is another's or started at another time", { pid: 1 }],
    ["of another schema", { schema: 2 }],
    ["without a number", { pid: String(process.pid) }],
    ["without an instance", { instance: undefined }],
  ])("is not trusted when it is %s", async (_, part) => {
    await writeDaemonFile(part);
    expect(await trusted()).toBe(false);
    expect(await readFile(join(home, "daemon.json"), "utf8")).not.toBe("");
  });

  it("is not trusted when its process is dead and waits to be reaped", async () => {
    // The child of a shell that became something else, which never reaps it; it ends when that has happened.
    const child = spawn("sh", ["-c", "(until grep -q sleep /proc/$$/comm; do :; done) & echo $!; exec sleep 30"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    cleanups.push(async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    let fields: string[] = [];
    while (fields[0] !== "Z") {
      const stat = await readFile(`/proc/${pid}/stat`, "latin1");
      fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      await new Promise(setImmediate);
    }
    await writeDaemonFile({ pid, start_ticks: Number(fields[19]) });
    expect(await trusted()).toBe(false);
  });

  it("is not trusted when others can write it", async () => {
    await writeDaemonFile();
    await chmod(join(home, "daemon.json"), 0o622);
    expect(await trusted()).toBe(false);
  });

  it.each(["", "null", "[]", "{", "7"])("is not trusted when it holds %j", async (text) => {
    await writeFile(join(home, "daemon.json"), text);
    expect(await trusted()).toBe(false);
  });

  it("is not there when it is a folder", async () => {
    await mkdir(join(home, "daemon.json"));
    expect(await trusted()).toBe(false);
  });
});

describe("connect", () => {
  /** A server that notes the headers it gets; answers 401 as long as the credential is not `wanted`. */
  async function listening(
    wanted?: string,
  ): Promise<{ port: number; seen: (string | undefined)[]; runs: unknown[]; close(): Promise<void> }> {
    const seen: (string | undefined)[] = [];
    const runs: unknown[] = [];
    const server: Server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      runs.push(request.headers["anode-run"]);
      const isRefused = wanted !== undefined && request.headers.authorization !== `Bearer ${wanted}`;
      response.statusCode = isRefused ? 401 : 200;
      response.setHeader("content-type", isRefused ? "application/problem+json" : "application/json");
      response.end(JSON.stringify(isRefused ? { code: "auth_invalid", detail: "no", status: 401 } : { ready: true }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(async () => {
      if (server.listening) await closeServer(server);
    });
    return { port: (server.address() as AddressInfo).port, seen, runs, close: () => closeServer(server) };
  }

  const writeToken = (text: string): Promise<void> => writeFile(join(home, "token"), `${text}\n`, { mode: 0o600 });

  it("sends the first of token, ANODE_TOKEN, ANODE_RUN_TOKEN and token file", async () => {
    const { port, seen } = await listening();
    const env: Record<string, string> = { ANODE_HOME: home, ANODE_TOKEN: "of-env", ANODE_RUN_TOKEN: runToken(port) };
    await writeToken("of-file");
    const ready = async (token?: string): Promise<void> => {
      const client = await connect({ daemon: `:${port}`, env, ...(token !== undefined && { token }) });
      expect(client.address).toBe(`http://127.0.0.1:${port}`);
      await client.ready();
      await client.close();
    };
    await ready("given");
    await ready();
    delete env["ANODE_TOKEN"];
    await ready();
    delete env["ANODE_RUN_TOKEN"];
    await ready();
    await rm(join(home, "token"));
    await ready();
    expect(seen).toEqual(["Bearer given", "Bearer of-env", `Bearer ${runToken(port)}`, "Bearer of-file", undefined]);
  });

  it("follows the daemon of its home to where it is found now, with calls that were under way too, and with its token", async () => {
    const first = await listening("of-file");
    await writeToken("of-file");
    const env = { ANODE_HOME: home };
    const at = (port: number): Promise<void> => writeDaemonFile({ url: `http://127.0.0.1:${port}`, socket: null });
    await at(first.port);
    const client = await connect({ env });
    const named = await connect({ env, daemon: `:${first.port}` });
    cleanups.push(
      () => client.close(),
      () => named.close(),
    );
    await client.ready();
    await named.ready();
    await first.close();
    // Nothing says that it is elsewhere.
    expect(await codeOf(client.ready({}, { retries: 0 }))).toMatch(/^connection_(lost|refused)$/);
    expect(client.address).toBe(`http://127.0.0.1:${first.port}`);
    const second = await listening("of-file");
    await at(second.port);
    await Promise.all([client.ready(), client.ready(), client.ready()]);
    expect(client.address).toBe(`http://127.0.0.1:${second.port}`);
    // What cannot be sent twice is sent once.
    await second.close();
    await client.ready({}, { retries: 0 }).catch(() => {});
    const third = await listening("of-file");
    await at(third.port);
    await client.peers.register({ backend: "service" });
    expect([third.seen, second.seen.length]).toEqual([["Bearer of-file"], 3]);
    // Who was told an address stays there, and nobody is led to another host.
    expect(await codeOf(named.ready({}, { retries: 0 }))).toBe("connection_refused");
    await third.close();
    await writeDaemonFile({ url: "http://192.0.2.1:7501", socket: null });
    await client.ready({}, { retries: 0 }).catch(() => {});
    expect(await codeOf(client.ready({}, { retries: 0 }))).toBe("connection_refused");
    expect(client.address).toBe(`http://127.0.0.1:${third.port}`);
  });

  it("shows the token of a run to the port it names and to no other", async () => {
    const { port, seen } = await listening();
    const client = await connect({
      url: `http://localhost:${port}`,
      env: { ANODE_HOME: home, ANODE_RUN_TOKEN: runToken(port === 80 ? 81 : 80) },
    });
    await client.ready();
    expect(seen).toEqual([undefined]);
    await client.close();
  });

  it("sends the configured token to the daemon of its home, found without a socket, and to no address that was named", async () => {
    const { port, seen } = await listening();
    await writeDaemonFile({ socket: null, token_file: null, url: `http://127.0.0.1:${port}` });
    const config = async (name: string, value: object, mode = 0o600): Promise<void> => {
      await writeFile(join(home, name), JSON.stringify(value));
      await chmod(join(home, name), mode);
    };
    const sent = async (options: { env?: Record<string, string>; daemon?: string } = {}): Promise<string | undefined> => {
      const { env, ...rest } = options;
      const client = await connect({ env: { ANODE_HOME: home, ...env }, ...rest });
      await client.ready();
      await client.close();
      return seen.pop();
    };
    expect(await sent()).toBeUndefined();
    await config("config.json", { daemon: { auth_token: "of-config" } });
    expect(await sent()).toBe("Bearer of-config");
    await writeToken("of-an-older-life");
    expect(await sent()).toBe("Bearer of-config");
    expect(await sent({ env: { ANODE_TOKEN: "of-env" } })).toBe("Bearer of-env");
    await rm(join(home, "token"));
    expect(await sent({ daemon: `:${port}` })).toBeUndefined();
    expect(await sent({ env: { ANODE_DAEMON: `:${port}` } })).toBeUndefined();
    await config("other.json", { daemon: { auth_token: "{env:OPERATOR}" } });
    const named = { ANODE_CONFIG: join(home, "other.json") };
    expect(await sent({ env: { ...named, OPERATOR: "of-operator" } })).toBe("Bearer of-operator");
    expect(await sent({ env: named })).toBeUndefined();
    await config("config.json", { daemon: { auth_token: "of-others" } }, 0o622);
    expect(await sent()).toBeUndefined();
    await config("config.json", { daemon: { auth_token: 7 } });
    expect(await sent()).toBeUndefined();
  });

  it("reads the token file again when the token was refused", async () => {
    const { port, seen } = await listening("second");
    await writeToken("first");
    const client = await connect({ daemon: `127.0.0.1:${port}`, env: { ANODE_HOME: home } });
    expect(await codeOf(client.ready())).toBe("auth_invalid");
    await writeToken("second");
    expect(await client.ready()).toEqual({ ready: true });
    expect(seen).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
    await client.close();
  });

  it("says from inside a run that it is one", async () => {
    const { port, runs } = await listening();
    const client = await connect({ daemon: `:${port}`, env: { ANODE_HOME: home, ANODE_RUN_ID: "R-7_1" } });
    await client.ready();
    const outside = await connect({ daemon: `:${port}`, env: { ANODE_HOME: home } });
    await outside.ready();
    expect(runs).toEqual(["R-7_1", undefined]);
    await client.close();
    await outside.close();
  });

  it("tells who does not listen", async () => {
    const client = await connect({ env: { ANODE_HOME: home } });
    expect(client.address).toBe(`unix:${home}/daemon.sock`);
    await expect(client.ready()).rejects.toMatchObject({ code: "connection_refused", details: { hint: expect.any(String) } });
    await client.close();
  });

  it.each([
    [{ url: "https://127.0.0.1:1" }],
    [{ url: "http://user:anode_secret@127.0.0.1:1" }],
    [{ url: "http://127.0.0.1:1/?token=anode_secret" }],
    [{ url: "nonsense" }],
    [{ url: "http://127.0.0.1:1", socketPath: "/x" }],
    [{ daemon: "nonsense" }],
  ])("refuses %j", async (options) => {
    const error = await connect({ ...options, env: { ANODE_HOME: home } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invalid_request" });
    expect(String(error)).not.toContain("anode_secret");
  });
});
