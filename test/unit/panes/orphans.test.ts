import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { createNoPanes } from "../../../lib/panes/no-panes.js";
import { orphanPanesOf } from "../../../lib/panes/orphans.js";
import { orphanPanes } from "../../../lib/panes/schema.js";
import { createPaneMesh } from "../../support/pane-mesh.js";

describe("orphanPanesOf", () => {
  it("tells the panes that no peer of this machine has, with a guess at their agent", async () => {
    const { panes, peers, machine } = await createPaneMesh();
    const [codex, shell, linked] = ["codex", "bash", "claude"].map((command) => panes.add({ command }));
    panes.change("%1", { command: "/usr/bin/claude" });
    await peers.register({ backend: "claude-code", machine, pane_id: linked?.pane_id ?? "" }, localCaller);
    await peers.register({ backend: "claude-code", machine: "elsewhere", pane_id: codex?.pane_id ?? "" }, localCaller);
    const gone = await peers.register({ backend: "codex", machine, pane_id: shell?.pane_id ?? "" }, localCaller);
    await peers.retire(gone.peer.peer_id, "unregistered");
    const found = await orphanPanesOf(panes, peers, machine);
    expect(orphanPanes.parse(found)).toEqual(found);
    expect(found.panes.map(({ pane_id, detected_backend, confidence }) => [pane_id, detected_backend, confidence])).toEqual([
      ["%1", "claude-code", "hint"],
      ["%2", "codex", "hint"],
      ["%3", undefined, "unknown"],
    ]);
    expect(found.panes[0]).toMatchObject({ pid: 11, cwd: "/srv/api", session: "api", window: "main" });
  });

  it("takes no name of an object's own for an agent", async () => {
    const { panes, peers, machine } = await createPaneMesh();
    panes.change("%1", { command: "constructor" });
    expect((await orphanPanesOf(panes, peers, machine)).panes[0]?.confidence).toBe("unknown");
  });

  it("tells none where there are no panes, and says so", async () => {
    const { peers, machine } = await createPaneMesh();
    expect(await orphanPanesOf(createNoPanes(), peers, machine)).toEqual({ panes: [], pane_backend: "none" });
  });

  it("does not say that there are none when it cannot know", async () => {
    const { panes, peers, machine } = await createPaneMesh();
    panes.breakDown("no answer in time");
    await expect(orphanPanesOf(panes, peers, machine)).rejects.toMatchObject({ code: "pane_backend_unavailable" });
  });
});
