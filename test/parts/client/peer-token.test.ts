import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { peerTokenOf } from "../../../adapters/client/peer-token.js";

type PaneFile = readonly [pane: number, more?: object, mode?: number];

/** A home whose peers have these files: the number of the pane, and what differs from a right one. */
function homeWith(...files: readonly PaneFile[]): string {
  const home = mkdtempSync(join(tmpdir(), "anode-peers-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, "peers"));
  for (const [pane, more = {}, mode = 0o600] of files) {
    const file = join(home, "peers", `pane-${pane}.json`);
    const right = { peer_id: `peer-${pane}`, pane_id: `%${pane}`, agent_pid: 100 + pane, agent_started: 7, peer_token: `token-${pane}` };
    writeFileSync(file, JSON.stringify({ ...right, ...more }));
    chmodSync(file, mode);
  }
  return home;
}

/** Started at 7, nearest first. */
const above =
  (...pids: number[]) =>
  async () =>
    new Map(pids.map((pid) => [pid, 7]));

describe("the token of the agent above", () => {
  it("is that of the file whose process is an ancestor", async () => {
    expect(await peerTokenOf(homeWith([1], [2]), {}, above(50, 102, 1))).toBe("token-2");
  });

  it("is that of the nearest of several", async () => {
    expect(await peerTokenOf(homeWith([1], [2], [3]), {}, above(103, 101))).toBe("token-3");
  });

  it("is that of the own pane where it is known", async () => {
    const home = homeWith([1], [2]);
    expect(await peerTokenOf(home, { TMUX_PANE: "%1" }, above(102, 101))).toBe("token-1");
    expect(await peerTokenOf(home, { TMUX_PANE: "%3" }, above(102, 101))).toBeUndefined();
  });

  it.each<[string, PaneFile]>([
    ["another process has the number now", [1, { agent_started: 8 }]],
    ["others may read it", [1, {}, 0o640]],
    ["others may write it", [1, {}, 0o602]],
    ["it has no token", [1, { peer_token: undefined }]],
    ["it names no agent", [1, { agent_pid: undefined }]],
    ["its agent is no ancestor", [9]],
  ])("is none where %s", async (_why, file) => {
    expect(await peerTokenOf(homeWith(file), {}, above(101))).toBeUndefined();
  });

  it("is none behind a link, in a file that is no JSON, and without a folder", async () => {
    const home = homeWith([1]);
    rmSync(join(home, "peers/pane-1.json"));
    writeFileSync(join(home, "target"), JSON.stringify({ pane_id: "%1", agent_pid: 101, agent_started: 7, peer_token: "token" }), {
      mode: 0o600,
    });
    symlinkSync("../target", join(home, "peers/pane-1.json"));
    writeFileSync(join(home, "peers/pane-2.json"), "{", { mode: 0o600 });
    expect(await peerTokenOf(home, {}, above(101, 102))).toBeUndefined();
    expect(await peerTokenOf(join(home, "nowhere"), {}, () => Promise.reject(new Error("nobody asks")))).toBeUndefined();
  });
});
