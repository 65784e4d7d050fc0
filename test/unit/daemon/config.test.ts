import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig, withEnvironment } from "../../../adapters/daemon/config.js";
import { temporaryHome } from "./fixtures.js";

function write(path: string, value: unknown): void {
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
}

describe("loadConfig", () => {
  it("is empty without a candidate", () => {
    const { config, candidates, warnings } = loadConfig({ env: {}, ...temporaryHome() });
    expect([config, warnings, candidates.map(({ source, status }) => [source, status])]).toEqual([
      {},
      [],
      [
        ["user", "missing"],
        ["workspace", "missing"],
      ],
    ]);
  });

  it("takes the first valid candidate whole and merges nothing", () => {
    const { home, cwd } = temporaryHome();
    write(join(cwd, "mine.json"), { daemon: { port: 1 } });
    write(home.config, { daemon: { port: 2, concurrency: 3 } });
    const { config, candidates } = loadConfig({ env: { ANODE_CONFIG: "mine.json" }, home, cwd });
    expect(config.daemon).toEqual({ port: 1 });
    expect(candidates.map(({ status }) => status)).toEqual(["used", "valid", "missing"]);
  });

  it("skips a named file that is not there and says so", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, { profile: "study" });
    const { config, candidates, warnings } = loadConfig({ env: { ANODE_CONFIG: "/nowhere.json" }, home, cwd });
    expect([config.profile, candidates.map(({ status }) => status), warnings.length]).toEqual(["study", ["missing", "used", "missing"], 1]);
  });

  const invalid: readonly [title: string, make: (path: string) => unknown][] = [
    ["text that is not JSON", (path) => write(path, "{")],
    ["an array", (path) => write(path, [])],
    ["null", (path) => write(path, "null")],
    ["bytes that are not UTF-8", (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]), { mode: 0o600 })],
    ["more than 1 MiB", (path) => write(path, { x: "y".repeat(1024 * 1024) })],
    ["a file that the group may write", (path) => (write(path, {}), chmodSync(path, 0o660))],
    ["a file that others may write", (path) => (write(path, {}), chmodSync(path, 0o606))],
    ["a folder", (path) => mkdirSync(path)],
    ["a pipe, without waiting for its writer", (path) => execFileSync("mkfifo", [path])],
    ["a port that is a text", (path) => write(path, { daemon: { port: "7433" } })],
    ["a port that is too high", (path) => write(path, { daemon: { port: 65_536 } })],
    ["a concurrency of 0", (path) => write(path, { daemon: { concurrency: 0 } })],
    ["addresses that are one text", (path) => write(path, { daemon: { addr: ":1" } })],
    ["an unknown approval mode", (path) => write(path, { daemon: { approval_ceiling: { admin: "yolo", other: "ask" } } })],
    ["a command without argv", (path) => write(path, { daemon: { commands: { test: {} } } })],
    ["a profile that is a text", (path) => write(path, { profiles: { craft: "x" } })],
    ["a wrong log level", (path) => write(path, { daemon: { log_level: "loud" } })],
    ["null for a known key", (path) => write(path, { daemon: { port: null } })],
  ];
  for (const [title, make] of invalid) {
    it(`skips ${title}`, () => {
      const { home, cwd } = temporaryHome();
      make(home.config);
      const { config, candidates } = loadConfig({ env: {}, home, cwd });
      expect(config).toEqual({});
      expect(candidates[0]).toMatchObject({ status: "skipped", reason: expect.any(String) });
    });
  }

  it.skipIf(process.getuid?.() !== 0)("skips a file of somebody else (needs root to make one)", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, {});
    chownSync(home.config, 4242, 4242);
    expect(loadConfig({ env: {}, home, cwd }).candidates[0]?.status).toBe("skipped");
  });

  it("takes a link into nowhere for nothing", () => {
    const { home, cwd } = temporaryHome();
    symlinkSync("nowhere", home.config);
    expect(loadConfig({ env: {}, home, cwd }).candidates[0]?.status).toBe("missing");
  });

  it("reads through a link and keeps what it does not know, with a warning for each unknown key", () => {
    const { home, cwd } = temporaryHome();
    write(join(home.path, "real.json"), { deamon: {}, lsp: {}, daemon: { prot: 1, profiles: {} } });
    symlinkSync("real.json", home.config);
    const { candidates, warnings } = loadConfig({ env: {}, home, cwd });
    expect(candidates[0]?.status).toBe("used");
    expect(warnings.map((text) => text.split(" key ")[1])).toEqual(["deamon.", "daemon.prot.", "daemon.profiles."]);
  });

  it("lets a workspace's file choose a profile and nothing else", () => {
    const { home, cwd } = temporaryHome();
    write(join(cwd, "anode.json"), {
      profile: "study",
      profiles: { study: { executor: "process" } },
      daemon: { addr: ["0.0.0.0:1"], auth_token: "x", commands: { evil: { argv: ["rm"] } } },
    });
    const { config, warnings } = loadConfig({ env: {}, home, cwd });
    expect(config).toEqual({ profile: "study" });
    expect(warnings).toHaveLength(2);
  });

  it("takes a token from the environment, and none when the variable is not set", () => {
    const { home, cwd } = temporaryHome();
    write(home.config, { daemon: { auth_token: "{env:MY_TOKEN}" } });
    expect(loadConfig({ env: { MY_TOKEN: "s3cret" }, home, cwd }).config.daemon).toEqual({ auth_token: "s3cret" });
    expect(loadConfig({ env: {}, home, cwd }).config.daemon).toEqual({});
  });
});

describe("withEnvironment", () => {
  it("replaces inside texts, once, at any depth, and leaves out what names an unset variable", () => {
    const env = { A: "1", B: "{env:A}" };
    const value = { a: "x{env:A}y{env:A}", b: "{env:B}", c: ["{env:NO}", "{env:A}"], d: { e: "-{env:NO}" }, n: 1, f: "{env:}" };
    expect(withEnvironment(value, env)).toEqual({ a: "x1y1", b: "{env:A}", c: ["1"], d: {}, n: 1, f: "{env:}" });
  });
});
