import { describe, expect, it } from "vitest";
import { createMemoryPanes } from "../../../lib/panes/memory-panes.js";
import { createPeerProbes } from "../../../lib/panes/peer-probes.js";
import type { PeerRecord } from "../../../lib/peers/schema.js";

const agent = { agent_pid: 11, agent_started: "110" };
const peer = (parts: Partial<PeerRecord>): PeerRecord => ({ pane_id: "%1", ...parts }) as PeerRecord;

function bench() {
  const panes = createMemoryPanes();
  panes.add({ processes: [{ pid: 11, ppid: 1, name: "claude", started: 110, foreground: true }] });
  return { panes, probes: createPeerProbes(panes, ({ pid, started }) => (pid === 11 && started === 110 ? "ok" : "fail")) };
}

describe("createPeerProbes", () => {
  it("knows a process by number and start", async () => {
    const { probes } = bench();
    expect([await probes.process(11, "110"), await probes.process(11, "111"), await probes.process(11, "soon")]).toEqual([
      "ok",
      "fail",
      "fail",
    ]);
  });

  it.each<[string, Partial<PeerRecord>, string]>([
    ["holds the agent", agent, "ok"],
    ["holds another process with its number", { ...agent, agent_started: "111" }, "fail"],
    ["is there, and no agent is known", {}, "unavailable"],
    ["is not there", { pane_id: "%9" }, "fail"],
    ["was never named", { pane_id: undefined as never }, "unavailable"],
  ])("says of a pane that %s: %s", async (_, parts, probe) => {
    expect((await bench().probes.pane(peer(parts))).evidence).toBe(probe);
  });

  it("knows who is in a pane, and nothing when panes cannot be reached", async () => {
    const { panes, probes } = bench();
    expect([await probes.paneHolds("%1", 11), await probes.paneHolds("%1", 12), await probes.paneHolds("%9", 11)]).toEqual([
      "ok",
      "fail",
      "fail",
    ]);
    panes.breakDown("no tmux");
    expect([await probes.paneHolds("%1", 11), (await probes.pane(peer(agent))).evidence]).toEqual(["unavailable", "unavailable"]);
  });
});
