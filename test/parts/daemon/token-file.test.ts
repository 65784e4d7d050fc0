import fs, { chmodSync, chownSync, lstatSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { describe, expect, it } from "vitest";
import { openRootToken, type RootToken } from "../../../adapters/daemon/token-file.js";
import { systemHost } from "../../../lib/system-host.js";
import { refusalOf, temporaryHome } from "./fixtures.js";

/** A host whose timers the test lets run. */
function hostWithTimers(): {
  host: { clock: typeof systemHost.clock; randomId: typeof systemHost.randomId };
  fire: () => void;
  delays: number[];
} {
  const tasks: (() => void)[] = [];
  const delays: number[] = [];
  const clock = {
    ...systemHost.clock,
    schedule(task: () => void, delayMs: number) {
      tasks.push(task);
      delays.push(delayMs);
      return () => {};
    },
  };
  return { host: { clock, randomId: systemHost.randomId }, delays, fire: () => tasks.splice(0).forEach((task) => task()) };
}

const open = (path: string, configured?: string): RootToken => openRootToken({ path, host: systemHost, configured });

describe("openRootToken", () => {
  it("makes a token of 32 random bytes at the first launch, 0600, whatever the umask, and reads it again", () => {
    const { home } = temporaryHome();
    const mask = process.umask(0o777);
    const first = open(home.token);
    process.umask(mask);
    const text = readFileSync(home.token, "utf8").trim();
    expect(text).toMatch(/^anode_[A-Za-z0-9_-]{43}$/);
    expect(lstatSync(home.token).mode & 0o777).toBe(0o600);
    expect(readdirSync(home.path).filter((name) => name.includes("token"))).toEqual(["token"]);
    const second = open(home.token);
    expect([first.isNew, second.isNew, second.verify(text)?.aborted]).toEqual([true, false, false]);
  });

  it("keeps a token whatever happens to the power: its bytes before its name, and the name before anybody is told", () => {
    const { home } = temporaryHome();
    const done: string[] = [];
    const { fsyncSync, linkSync, renameSync } = fs;
    fs.fsyncSync = (file) => {
      const path = readlinkSync(`/proc/self/fd/${file}`);
      done.push(path === home.path ? "folder" : path.startsWith(`${home.token}.`) ? "bytes" : path);
      fsyncSync(file);
    };
    fs.linkSync = (from, to) => (done.push("name"), linkSync(from, to));
    fs.renameSync = (from, to) => (done.push("name"), renameSync(from, to));
    syncBuiltinESMExports();
    try {
      open(home.token).rotate(0);
    } finally {
      Object.assign(fs, { fsyncSync, linkSync, renameSync });
      syncBuiltinESMExports();
    }
    expect(done).toEqual(["bytes", "name", "folder", "bytes", "name", "folder"]);
  });

  it("matches the whole token only", () => {
    const { home } = temporaryHome();
    const token = open(home.token);
    const [text = ""] = token.secrets();
    for (const wrong of ["", text.slice(0, -1), `${text}x`, text.toUpperCase(), "anode_"]) expect(token.verify(wrong)).toBeUndefined();
  });

  const wrong: readonly [title: string, make: (path: string) => void][] = [
    ["a file that others may read", (path) => (writeFileSync(path, "x"), chmodSync(path, 0o644))],
    ["a file that the group may read", (path) => (writeFileSync(path, "x"), chmodSync(path, 0o640))],
    ["a link", (path) => symlinkSync("elsewhere", path)],
    ["other content", (path) => writeFileSync(path, "hello", { mode: 0o600 })],
    ["an empty file", (path) => writeFileSync(path, "", { mode: 0o600 })],
  ];
  for (const [title, make] of wrong) {
    it(`refuses ${title}`, async () => {
      const { home } = temporaryHome();
      make(home.token);
      const { exit, repair } = await refusalOf(() => open(home.token));
      expect([exit, repair?.includes(home.token)]).toEqual([78, true]);
    });
  }

  it.skipIf(process.getuid?.() !== 0)("refuses a file of somebody else (needs root to make one)", async () => {
    const { home } = temporaryHome();
    open(home.token);
    chownSync(home.token, 4242, 4242);
    expect((await refusalOf(() => open(home.token))).exit).toBe(78);
  });

  it("lets the old token hold for the grace, and ends what was opened with it then", () => {
    const { home } = temporaryHome();
    const { host, fire, delays } = hostWithTimers();
    const token = openRootToken({ path: home.token, host });
    const [old = ""] = token.secrets();
    const opened = token.verify(old);
    token.rotate(60_000);
    const next = readFileSync(home.token, "utf8").trim();
    expect(next).not.toBe(old);
    expect([delays, token.verify(old)?.aborted, token.verify(next)?.aborted]).toEqual([[60_000], false, false]);
    fire();
    expect([token.verify(old), opened?.aborted, token.verify(next)?.aborted]).toEqual([undefined, true, false]);
  });

  it("takes the configured token instead of a file, and does not rotate it", () => {
    const { home } = temporaryHome();
    const token = open(home.token, "from the operator");
    expect([token.isConfigured, token.isNew, token.verify("from the operator")?.aborted]).toEqual([true, false, false]);
    expect(() => lstatSync(home.token)).toThrow("ENOENT");
    expect(() => token.rotate(0)).toThrow(expect.objectContaining({ code: "token_configured" }));
  });

  it("never matches an empty configured token", () => {
    expect(open(temporaryHome().home.token, "").verify("")).toBeUndefined();
  });
});
