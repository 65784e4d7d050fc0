import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";

import { openPaneBench, type PaneBench, programOf } from "../support/pane-agents.js";
import { programPath } from "../support/program.js";
import { hasTmux } from "../support/tmux.js";

const anode = (words: string): string => `${process.execPath} ${programPath} ${words}`;

/** Claude Code that may run commands without asking. */
async function openClaude(bench: PaneBench, session: string, ...flags: string[]) {
  mkdirSync(join(bench.home, ".claude"), { recursive: true });
  writeFileSync(join(bench.home, ".claude/settings.json"), JSON.stringify({ permissions: { defaultMode: "default", allow: ["Bash"] } }));
  expect(await bench.anode("hooks", "install", "claude-code", ...flags)).toMatchObject({ code: 0 });
  return bench.open("claude-code", session);
}

async function peerIn(bench: PaneBench, pane: string) {
  return vi.waitFor(async () => {
    const peer = await bench.client.peers.byPane({ pane_id: pane });
    expect(peer, bench.screen(pane)).toMatchObject({ ws_connected: true });
    return peer;
  }, { timeout: 20_000, interval: 100 });
}

async function stagesOf(bench: PaneBench, id: string): Promise<string[]> {
  return (await bench.client.traces.get({ trace_id: id })).stages.map(({ stage }) => stage);
}

describe.skipIf(!hasTmux || programOf("claude-code") === undefined)("Claude Code in panes", () => {
  it("is asked by a person, types nothing itself, and acknowledges", async () => {
    const bench = await openPaneBench();
    const pane = await openClaude(bench, "one");
    const peer = await peerIn(bench, pane);
    // Nobody has reported a turn yet: nothing is typed.
    await bench.type(pane, "#script say Ready");
    await vi.waitFor(async () => expect(await bench.client.peers.get({ id: peer.peer_id }), bench.screen(pane)).toMatchObject({ turn_state: "idle" }), { timeout: 20_000, interval: 100 });
    const id = "ask-from-a-person-0001";
    await bench.client.asks.ask({ to_peer: peer.peer_id, text: `#script sh ${anode(`ack ${id} Seen`)} | say Told`, correlation_id: id });
    await vi.waitFor(async () => expect(await bench.client.asks.get({ id }), bench.screen(pane)).toMatchObject({ state: "closed", reply_text: "Seen" }), { timeout: 30_000, interval: 100 });
    console.log(bench.screen(pane), await bench.client.asks.get({ id }));
    console.log(await stagesOf(bench, id));
  });
});
