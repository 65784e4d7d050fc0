import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Client, connect } from "../../../adapters/client/index.js";
import { type RunningDaemon, startDaemon } from "../../../adapters/daemon/index.js";
import { composedOf } from "../../../lib/mesh/mesh.js";
import { hasTmux, startTmux, type TmuxServer } from "../../support/tmux.js";

let home: string;
let daemon: RunningDaemon;
let client: Client;

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  home = mkdtempSync(join(tmpdir(), "anode-panes-"));
  daemon = await startDaemon({ env: { ...env, ANODE_HOME: home }, cwd: home, store: "memory", noTcp: true });
  client = await connect({ socketPath: join(home, "daemon.sock"), env: {} });
}

afterEach(async () => {
  await daemon.close();
  rmSync(home, { recursive: true });
});

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "it resolved",
    (error: { code?: string }) => error.code,
  );

describe.skipIf(!hasTmux)("panes of a daemon (needs tmux)", () => {
  let server: TmuxServer;
  let paneId: string;
  beforeEach(async () => {
    server = startTmux("default");
    paneId = server.open("api", ["sleep", "100"]);
    await start(server.env);
  });
  afterEach(() => server.close());

  it("lists those that are no peer's", async () => {
    const orphans = await client.panes.orphans();
    expect(orphans).toMatchObject({
      pane_backend: "tmux",
      panes: [{ pane_id: paneId, command: "sleep", cwd: server.folder, session: "api", confidence: "unknown" }],
    });
    await client.peers.register({ backend: "codex", pane_id: paneId, path: server.folder });
    expect((await client.panes.orphans()).panes).toEqual([]);
  });

  it("undoes a link whose hook does not start: no peer, no file", async () => {
    const before = (await client.peers.list()).peers.length;
    for (const pane_id of [paneId, paneId.slice(1)]) {
      expect(await codeOf(client.panes.link({ pane_id, backend: "codex" }))).toBe("link_hook_failed");
    }
    expect((await client.peers.list()).peers).toHaveLength(before);
    expect((await client.panes.orphans()).panes).toHaveLength(1);
    expect(await codeOf(client.panes.link({ pane_id: "%99", backend: "codex" }))).toBe("pane_not_found");
    expect(await codeOf(client.panes.link({ pane_id: "main", backend: "codex" }))).toBe("invalid_pane_id");
  });

  it("examines a peer and says how to give it its hook back", async () => {
    const pid = Number(server.tmux("display-message", "-p", "-t", paneId, "#{pane_pid}"));
    const { peer } = await client.peers.register({
      backend: "codex",
      name: "api",
      pane_id: paneId,
      path: server.folder,
      agent_pid: pid,
      agent_started: "1",
    });
    const report = await client.peers.doctor({ id: "api" });
    expect(report).toMatchObject({
      peer_id: peer.peer_id,
      local: true,
      pane: { probe: "ok", pane_id: paneId, session: "api:sleep", current_path: server.folder, pid, agent_in_tree: false },
      hook: { probe: "fail" },
      agent: { probe: "fail", pid, alive: false },
    });
    expect(report.contradictions.map(({ code }) => code)).toEqual(["ONLINE_BUT_NO_WS", "PANE_NOT_AGENT", "AGENT_PID_DEAD"]);
    expect(await codeOf(client.peers.rehook({ id: "api" }))).toBe("pane_unproven");
    const run = await daemon.manager.start({ argv: ["sleep", "100"] });
    await daemon.manager.cancel(run.id);
    composedOf(daemon.mesh).peers.event(peer.peer_id, { type: "seen" }, { run_id: run.id });
    expect((await client.peers.doctor({ id: "api" })).run).toEqual({ probe: "fail", run_id: run.id });
    expect(await codeOf(client.peers.rehook({ id: "human" }))).toBe("missing_pane");
  });
});

describe("panes of a daemon without tmux", () => {
  beforeEach(() => start({ PATH: "/nonexistent" }));

  it("are none, and a link says that there cannot be one", async () => {
    expect(await client.panes.orphans()).toEqual({ panes: [], pane_backend: "none" });
    expect(await codeOf(client.panes.link({ pane_id: "%0", backend: "codex" }))).toBe("pane_backend_unavailable");
    const { peer } = await client.peers.register({ backend: "codex", pane_id: "%0" });
    expect(await client.peers.doctor({ id: peer.peer_id })).toMatchObject({ pane: { probe: "unavailable" } });
  });
});
