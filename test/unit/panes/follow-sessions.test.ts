import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { followSessions } from "../../../lib/panes/follow-sessions.js";
import { createPaneMesh, type PaneMesh } from "../../support/pane-mesh.js";

async function inPane(mesh: PaneMesh, more: object = {}) {
  const place = { pane_id: mesh.pane.pane_id, tmux_session: "api:main", circle: "api", circle_source: "tmux" } as const;
  const { peer } = await mesh.peers.register({ backend: "codex", machine: mesh.machine, name: "one", ...place, ...more }, localCaller);
  const place_ = () => {
    const { circle, tmux_session, display_name } = mesh.peers.byId(peer.peer_id) ?? {};
    return [circle, tmux_session, display_name];
  };
  return { look: () => followSessions(mesh.panes, mesh.peers, mesh.machine), place: place_ };
}

describe("A renamed terminal session", () => {
  it("takes along the peers whose circle was its name", async () => {
    const mesh = await createPaneMesh();
    const { look, place } = await inPane(mesh);
    await look();
    expect(place()).toEqual(["api", "api:main", "one"]);
    mesh.panes.change(mesh.pane.pane_id, { session: "ops" });
    await look();
    expect(place()).toEqual(["ops", "ops:main", "one"]);
  });

  it("gives them another name where theirs is taken", async () => {
    const mesh = await createPaneMesh();
    const { look, place } = await inPane(mesh);
    await mesh.peers.register({ backend: "codex", machine: mesh.machine, name: "one", circle: "ops" }, localCaller);
    mesh.panes.change(mesh.pane.pane_id, { session: "ops" });
    await look();
    expect(place()).toEqual(["ops", "ops:main", "one-2"]);
  });

  it("leaves a circle that somebody chose, and one whose session has no legal name", async () => {
    const chosen = await createPaneMesh();
    const { look, place } = await inPane(chosen, { circle: "mine", circle_source: "explicit" });
    chosen.panes.change(chosen.pane.pane_id, { session: "ops" });
    await look();
    expect(place()).toEqual(["mine", "ops:main", "one"]);
    const odd = await createPaneMesh();
    const other = await inPane(odd);
    odd.panes.change(odd.pane.pane_id, { session: "two words" });
    await other.look();
    expect(other.place()).toEqual(["api", "two words:main", "one"]);
  });

  it("is not read out of windows, nor out of a listing that tells nothing", async () => {
    const mesh = await createPaneMesh();
    const { look, place } = await inPane(mesh);
    mesh.panes.change(mesh.pane.pane_id, { window: "logs" });
    await look();
    mesh.panes.breakDown("no answer in time");
    await look();
    expect(place()).toEqual(["api", "api:main", "one"]);
  });
});
