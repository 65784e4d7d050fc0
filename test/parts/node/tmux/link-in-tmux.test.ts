import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localCaller } from "../../../../lib/caller.js";
import { isAlive } from "../../../../lib/node/process/is-alive.js";
import { createHookFiles } from "../../../../lib/node/tmux/hook-files.js";
import { createStartHook } from "../../../../lib/node/tmux/start-hook.js";
import { PaneLinker } from "../../../../lib/panes/linker.js";
import type { StartedHook } from "../../../../lib/panes/ports.js";
import { systemHost } from "../../../../lib/system-host.js";
import { createPaneMesh, type PaneMesh } from "../../../support/pane-mesh.js";
import { hasTmux, startTmux, type TmuxServer, until } from "../../../support/tmux.js";

describe.skipIf(!hasTmux)("a link of a pane in tmux, with a hook that is a process (needs tmux)", () => {
  let server: TmuxServer;
  let mesh: PaneMesh;
  let paneId: string;
  const hooks: StartedHook[] = [];
  beforeEach(async () => {
    hooks.length = 0;
    server = startTmux();
    mesh = await createPaneMesh();
    paneId = server.open("api", ["sleep", "100"]);
  });
  afterEach(async () => {
    for (const hook of hooks) await hook.end();
    server.close();
  });

  const home = (): string => join(server.folder, "peers");
  const file = (): string => join(home(), `pane-${paneId.slice(1)}.json`);
  const linkerOf = (script: string, linkMs: number): PaneLinker => {
    const start = createStartHook({
      argv: () => ["/bin/sh", "-c", script],
      cwd: server.folder,
      env: { PATH: process.env["PATH"] },
      politeMs: 200,
    });
    return new PaneLinker({
      ...mesh,
      panes: server.panes(),
      files: createHookFiles(home()),
      host: systemHost,
      linkMs,
      async startHook(request) {
        const hook = await start(request);
        hooks.push(hook);
        return hook;
      },
    });
  };
  const peers = (): string[] => mesh.peers.living().flatMap(({ backend, display_name }) => (backend === "codex" ? [display_name] : []));

  it("is there with its hook, its file and the process in front as its agent", async () => {
    const linked = linkerOf("exec sleep 100", 10_000).link(paneId, { backend: "codex" }, localCaller, new AbortController().signal);
    await until(() => hooks.length === 1);
    const peer_id = (JSON.parse(readFileSync(file(), "utf8")) as { peer_id: string }).peer_id;
    mesh.connect(peer_id, paneId);
    expect(await linked).toMatchObject({ linked: true, peer_id, circle: "api" });
    const pid = Number(server.tmux("display-message", "-p", "-t", paneId, "#{pane_pid}"));
    const { agent_pid, agent_started } = mesh.peers.byId(peer_id) ?? {};
    expect([agent_pid, isAlive({ pid, started: Number(agent_started) })]).toEqual([pid, "ok"]);
    expect(hooks.map((hook) => isAlive(hook))).toEqual(["ok"]);
  });

  it.each<[string, string, (hook: StartedHook) => void]>([
    ["is killed", "link_hook_failed", (hook) => void process.kill(hook.pid, "SIGKILL")],
    ["never connects", "link_no_transport", () => {}],
    ["never connects, since its pane has ended", "link_no_transport", () => void server.tmux("kill-pane", "-t", paneId)],
  ])("leaves no peer, no file and no process when its hook %s", async (_, code, happen) => {
    const linked = linkerOf("trap '' TERM; while :; do sleep 0.05; done", 1_000).link(
      paneId,
      { backend: "codex" },
      localCaller,
      new AbortController().signal,
    );
    const refused = expect(linked).rejects.toMatchObject({ code, details: { rolled_back: true } });
    await until(() => hooks.length === 1);
    happen(hooks[0] ?? expect.fail("no hook"));
    await refused;
    expect([peers(), existsSync(file()), hooks.map((hook) => isAlive(hook))]).toEqual([[], false, ["fail"]]);
  });
});
