import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isAlive } from "../../../../lib/node/process/is-alive.js";
import { createHookFiles } from "../../../../lib/node/tmux/hook-files.js";
import { createStartHook } from "../../../../lib/node/tmux/start-hook.js";
import type { HookFile } from "../../../../lib/panes/schema.js";
import { until } from "../../../support/tmux.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anode-hooks-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file: HookFile = {
  peer_id: "peer-1",
  display_name: "api",
  backend: "codex",
  pane_id: "%3",
  agent_pid: 7,
  agent_started: 70,
  peer_token: "secret",
};

describe("createHookFiles", () => {
  it("keeps a file for each pane, which nobody else can read, in a folder of ours", async () => {
    const home = join(folder, "peers");
    const files = createHookFiles(home);
    expect(await files.read("%3")).toEqual({ probe: "fail" });
    await files.write(file);
    await files.write({ ...file, pane_id: "%33", peer_id: "peer-2" });
    expect([await files.read("%3"), (await files.read("%33")).probe]).toEqual([{ probe: "ok", found: file }, "ok"]);
    expect(readdirSync(home).sort()).toEqual(["pane-3.json", "pane-33.json"]);
    expect([statSync(home).mode & 0o777, statSync(join(home, "pane-3.json")).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("replaces a file in one step, and removes it for its own peer only", async () => {
    const files = createHookFiles(folder);
    await files.write(file);
    await files.write({ ...file, display_name: "docs" });
    await files.remove("%3", "peer-another");
    expect(await files.read("%3")).toEqual({ probe: "ok", found: { ...file, display_name: "docs" } });
    await files.remove("%3", "peer-1");
    await files.remove("%3", "peer-1");
    expect([await files.read("%3"), readdirSync(folder)]).toEqual([{ probe: "fail" }, []]);
  });

  it.each<[string, (path: string) => void]>([
    ["is no JSON", (path) => writeFileSync(path, "{", { mode: 0o600 })],
    ["lacks its peer", (path) => writeFileSync(path, JSON.stringify({ ...file, peer_id: undefined }), { mode: 0o600 })],
    ["has a number of another kind", (path) => writeFileSync(path, JSON.stringify({ ...file, agent_pid: "7" }), { mode: 0o600 })],
    ["others may read", (path) => (writeFileSync(path, JSON.stringify(file)), chmodSync(path, 0o644))],
    [
      "is a link",
      (path) => (writeFileSync(`${path}.elsewhere`, JSON.stringify(file), { mode: 0o600 }), symlinkSync(`${path}.elsewhere`, path)),
    ],
    ["is a folder", (path) => mkdirSync(path)],
  ])("does not believe a file that %s, and does not say that there is none", async (_, make) => {
    make(join(folder, "pane-3.json"));
    expect((await createHookFiles(folder).read("%3")).probe).toBe("unavailable");
  });

  it("takes no other text for a pane", async () => {
    const files = createHookFiles(folder);
    await expect(files.read("../x")).rejects.toMatchObject({ code: "invalid_pane_id" });
    await expect(files.write({ ...file, pane_id: "%1/../../x" })).rejects.toMatchObject({ code: "invalid_pane_id" });
  });
});

describe("createStartHook", () => {
  const request = { peer_id: "peer-1", pane_id: "%3", backend: "codex" };
  const start = (script: string) =>
    createStartHook({
      argv: ({ pane_id }) => ["/bin/sh", "-c", script, "hook", pane_id],
      cwd: folder,
      env: { PATH: process.env["PATH"] },
      politeMs: 200,
    })(request);
  const said = (): string => (existsSync(join(folder, "out")) ? readFileSync(join(folder, "out"), "utf8") : "");

  it("starts the program for the pane, and ends it", async () => {
    const hook = await start('echo "$1" >out; exec sleep 100');
    await until(() => said() === "%3\n");
    expect(isAlive(hook)).toBe("ok");
    expect(isAlive({ ...hook, started: hook.started + 1 })).toBe("fail");
    await hook.end();
    await hook.end();
    expect(isAlive(hook)).toBe("fail");
  });

  it("ends one that does not listen", async () => {
    const hook = await start("trap '' TERM; echo ready >out; while :; do sleep 0.05; done");
    await until(() => said() === "ready\n");
    await hook.end();
    expect(isAlive(hook)).toBe("fail");
  });

  it("tells when it has ended by itself", async () => {
    const hook = await start("exit 3");
    await hook.exited;
    await hook.end();
    expect(isAlive(hook)).toBe("fail");
  });

  it("says why it did not start", async () => {
    const missing = createStartHook({ argv: () => ["/nonexistent/hook"], cwd: folder, env: {} });
    await expect(missing(request)).rejects.toMatchObject({ code: "spawn_failed", details: { errno: "ENOENT" } });
  });
});
