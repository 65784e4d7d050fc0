import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openPaneBench, type PaneBench, type PaneRuntime, programOf } from "../support/pane-agents.js";
import { programPath } from "../support/program.js";
import { hasTmux } from "../support/tmux.js";

const anode = (words: string): string => `${process.execPath} ${programPath} ${words}`;
const patient = { timeout: 30_000, interval: 50 };

/** The agent's own settings, with our hooks put in by the command that does that. */
async function settle(bench: PaneBench, runtime: PaneRuntime, ...flags: string[]): Promise<void> {
  mkdirSync(join(bench.home, ".claude"), { recursive: true });
  // Commands run without the runtime's own question, so that only our hook can stop one.
  const settings = { permissions: { defaultMode: "default", allow: ["Bash"] } };
  writeFileSync(join(bench.home, ".claude/settings.json"), JSON.stringify(settings));
  expect(await bench.anode("hooks", "install", runtime, ...flags)).toMatchObject({ code: 0 });
}

const peerIn = (bench: PaneBench, pane: string) =>
  vi.waitFor(async () => {
    const peer = await bench.client.peers.byPane({ pane_id: pane });
    expect(peer, bench.screen(pane)).toMatchObject({ ws_connected: true });
    return peer;
  }, patient);

/** A first turn of a person's: only then is it known that the agent is idle. */
async function idleIn(bench: PaneBench, pane: string) {
  await bench.type(pane, "#script say Ready");
  const { peer_id, display_name } = await peerIn(bench, pane);
  await becomesIdle(bench, pane, peer_id);
  return { peer_id, display_name };
}

async function becomesIdle(bench: PaneBench, pane: string, peer_id: string): Promise<void> {
  await vi.waitFor(async () => {
    const { status, turn_state } = await bench.client.peers.get({ id: peer_id });
    expect([status, turn_state], bench.screen(pane)).toEqual(["online", "idle"]);
  }, patient);
}

async function stagesOf(bench: PaneBench, id: string): Promise<string[]> {
  return (await bench.client.traces.get({ trace_id: id })).stages.map(({ stage }) => stage);
}

/** Programs that agents run, with what a line of a script cannot say in them. */
function writePrograms(bench: PaneBench, other: string): { readonly ask: string; readonly answer: string } {
  const [ask, answer] = [join(bench.home, "ask.cjs"), join(bench.home, "answer.cjs")];
  const call = `const anode = (...words) => require("node:child_process").execFileSync(process.execPath, [${JSON.stringify(programPath)}, ...words], { encoding: "utf8" });`;
  writeFileSync(
    ask,
    `${call}\nrequire("node:fs").writeFileSync("reply.txt", anode("ask", ${JSON.stringify(other)}, "#script sh node ${answer} | say Answered", "--wait"));`,
  );
  writeFileSync(
    answer,
    `${call}\nconst { asks } = JSON.parse(anode("peers", "asks", "--json"));\nanode("ack", asks[0].correlation_id, "It is blue");`,
  );
  return { ask, answer };
}

describe
  .skipIf(!hasTmux)
  .for((["claude-code", "codex"] as const).filter((runtime) => programOf(runtime) !== undefined).map((runtime) => [runtime] as const))(
  "%s in a pane",
  ([runtime]) => {
    it("is asked by a person: held back until it is idle, typed once, acknowledged, traced", async () => {
      const bench = await openPaneBench();
      await settle(bench, runtime);
      const pane = bench.open(runtime, "one");
      if (runtime === "claude-code") {
        // It is there, and has not told what it does: nothing is typed.
        const { peer_id } = await peerIn(bench, pane);
        expect(await bench.client.messages.notify({ to_peer: peer_id, text: "#script say Noted" })).toMatchObject({
          delivery_state: "queued",
          reason: "not_idle",
        });
      }
      const { peer_id } = await idleIn(bench, pane);
      if (runtime === "claude-code") {
        const [early] = (await bench.client.messages.list({ peer_id, direction: "inbound" })).messages;
        expect(early).toMatchObject({ delivery_state: "delivered" });
        // What was held back came with the stop hook of that turn.
        expect(await stagesOf(bench, early?.delivery_id ?? "")).toEqual([
          ...["created", "resolved_peer", "routed", "deferred", "claimed", "confirmed"],
        ]);
      }
      const id = "ask-from-a-person-0001";
      const text = `#script sh ${anode(`ack ${id} Seen`)} | say Told`;
      await bench.client.asks.ask({ to_peer: peer_id, text, correlation_id: id });
      await vi.waitFor(async () => {
        expect(await bench.client.asks.get({ id }), bench.screen(pane)).toMatchObject({
          state: "closed",
          close_reason: "ack_with_msg",
          reply_text: "Seen",
          delivery_state: "delivered",
        });
      }, patient);
      expect(await stagesOf(bench, id)).toEqual([
        ...["created", "resolved_peer", "routed", "websocket_sent", "hook_received", "pane_injected", "acked", "closed"],
      ]);
      await becomesIdle(bench, pane, peer_id);
      expect(bench.screen(pane).split(`[anode:ask ${id} from @human`)).toHaveLength(2);
    });
  },
);

describe.skipIf(!hasTmux || programOf("claude-code") === undefined)("Claude Code", () => {
  it("asks another Claude Code in the next pane, each as itself", async () => {
    const bench = await openPaneBench();
    await settle(bench, "claude-code");
    const [first, second] = [bench.open("claude-code", "one"), bench.open("claude-code", "two")];
    const asker = await idleIn(bench, first);
    const answerer = await idleIn(bench, second);
    const { ask } = writePrograms(bench, answerer.display_name);
    await bench.type(first, `#script sh node ${ask} | say Asked`);
    const closed = await vi.waitFor(async () => {
      const { asks } = await bench.client.asks.list({ peer_id: answerer.peer_id });
      expect(asks[0], bench.screen(second)).toMatchObject({ state: "closed" });
      return asks[0];
    }, patient);
    expect(closed).toMatchObject({
      from_peer_id: asker.peer_id,
      to_peer_id: answerer.peer_id,
      reply_text: "It is blue",
      delivery_state: "delivered",
    });
    expect(closed).not.toHaveProperty("via");
    expect(await stagesOf(bench, closed?.correlation_id ?? "")).toEqual(expect.arrayContaining(["pane_injected", "acked", "closed"]));
    await vi.waitFor(() => expect(existsSync(join(bench.home, "one/reply.txt"))).toBe(true), patient);
  });

  it("runs a tool when a person allows it; not when nobody answers, and not when the daemon is down", async () => {
    const bench = await openPaneBench({ config: { hooks: { approval: { wait_ms: 4_000 } } } });
    await settle(bench, "claude-code", "--approval");
    const pane = bench.open("claude-code", "one");
    const { peer_id } = await idleIn(bench, pane);
    const made = (name: string): string => join(bench.home, "one", name);

    await bench.type(pane, "#script sh touch allowed.txt | say End");
    const question = await vi.waitFor(async () => {
      const { questions } = await bench.client.questions.list({ scope: "tool_permission" });
      expect(questions, bench.screen(pane)).toHaveLength(1);
      return questions[0];
    }, patient);
    expect(question).toMatchObject({ from_peer_id: peer_id, metadata: { tool: "Bash", cwd: join(bench.home, "one") } });
    expect(existsSync(made("allowed.txt"))).toBe(false);
    expect(await bench.anode("answer", question?.question_id ?? "", "y")).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(existsSync(made("allowed.txt")), bench.screen(pane)).toBe(true), patient);
    await becomesIdle(bench, pane, peer_id);

    await bench.type(pane, "#script sh touch timed-out.txt | say End");
    await vi.waitFor(() => expect(bench.screen(pane)).toContain("timed_out"), patient);
    expect(existsSync(made("timed-out.txt"))).toBe(false);
    await becomesIdle(bench, pane, peer_id);

    expect(await bench.anode("daemon", "stop")).toMatchObject({ code: 0 });
    await bench.type(pane, "#script sh touch no-daemon.txt | say Over");
    await vi.waitFor(() => expect(bench.screen(pane)).toContain("No daemon answers"), patient);
    await vi.waitFor(() => expect(bench.screen(pane)).toContain("● Over"), patient);
    expect(existsSync(made("no-daemon.txt"))).toBe(false);
  });
});
