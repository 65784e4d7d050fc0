import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openPaneBench, type PaneBench, type PaneRuntime, programOf } from "../support/pane-agents.js";
import { programPath } from "../support/program.js";
import { hasTmux } from "../support/tmux.js";

const anode = (words: string): string => `${process.execPath} ${programPath} ${words}`;
const patient = { timeout: 45_000, interval: 100 };
/** On a busy machine some take a minute to be there. */
const slow = { timeout: 180_000 };
/** Those that say at their start that they are there; the others with the first prompt. */
const early: readonly string[] = ["claude-code", "gemini"];

/** The agent's own settings, with our hooks put in by the command that does that. */
async function settle(bench: PaneBench, runtime: PaneRuntime, ...flags: string[]): Promise<void> {
  const files = {
    // Commands run without the runtime's own question, so that only our hook can stop one.
    ".claude/settings.json": { permissions: { defaultMode: "default", allow: ["Bash"] } },
    ".gemini/settings.json": {
      security: { auth: { selectedType: "gemini-api-key" } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
    },
  };
  for (const [path, settings] of Object.entries(files)) {
    mkdirSync(join(bench.home, dirname(path)), { recursive: true });
    writeFileSync(join(bench.home, path), JSON.stringify(settings));
  }
  expect(await bench.anode("hooks", "install", runtime, ...flags)).toMatchObject({ code: 0 });
}

/** Looks until it is so; where it never is, the pane is shown. */
async function seen<Found>(bench: PaneBench, pane: string, look: () => Found | Promise<Found>): Promise<Found> {
  try {
    return await vi.waitFor(look, patient);
  } catch (error) {
    throw new Error(`${String(error)}\n${bench.screen(pane)}`, { cause: error });
  }
}

const peerIn = (bench: PaneBench, pane: string) =>
  seen(bench, pane, async () => {
    const peer = await bench.client.peers.byPane({ pane_id: pane });
    expect(peer).toMatchObject({ ws_connected: true });
    return peer;
  });

/** A first turn of a person's: only then is it known that the agent is idle. */
async function idleIn(bench: PaneBench, pane: string) {
  await bench.type(pane, "#script say Ready");
  const { peer_id, display_name } = await peerIn(bench, pane);
  await becomesIdle(bench, pane, peer_id);
  return { peer_id, display_name };
}

async function becomesIdle(bench: PaneBench, pane: string, peer_id: string): Promise<void> {
  await seen(bench, pane, async () => {
    const { status, turn_state } = await bench.client.peers.get({ id: peer_id });
    expect([status, turn_state]).toEqual(["online", "idle"]);
  });
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

/** What is proven over each runtime in a pane, in a file of its own, so that they run beside each other. Each start costs seconds. */
export function provePaneAgent(runtime: PaneRuntime): void {
  const isInstalled = programOf(runtime) !== undefined;
  const [here, missing] = isInstalled ? [[runtime], []] : [[], [runtime]];
  // A green run says what it left out.
  describe.for(missing)("%s is not installed", () => {
    it.runIf(false)(`so nothing of its hooks is proven: npm run test:agents installs ${runtime}`, () => {});
  });
  describe.skipIf(!hasTmux).for(here)("%s in a pane", slow, (one) => {
    if (one === "claude-code") proveTwo();
    else if (one === "codex") proveAlone(one);
    else proveDialog(one);
    proveApproval(one);
  });
}

/** A person asks the agent in a pane, which is held back until it is idle, typed once, acknowledged, traced. */
async function askedByPerson(bench: PaneBench, runtime: PaneRuntime, pane: string, allow = async (_peerId: string): Promise<void> => {}) {
  if (early.includes(runtime)) {
    // It is there, and has not told what it does: nothing is typed.
    const { peer_id } = await peerIn(bench, pane);
    expect(await bench.client.messages.notify({ to_peer: peer_id, text: "#script say Noted" })).toMatchObject({
      delivery_state: "queued",
      reason: "not_idle",
    });
  }
  const peer = await idleIn(bench, pane);
  const { peer_id } = peer;
  if (early.includes(runtime)) {
    const [first] = (await bench.client.messages.list({ peer_id, direction: "inbound" })).messages;
    expect(first).toMatchObject({ delivery_state: "delivered" });
    // What was held back came with the stop hook of that turn.
    expect(await stagesOf(bench, first?.delivery_id ?? "")).toEqual([
      ...["created", "resolved_peer", "routed", "deferred", "claimed", "confirmed"],
    ]);
  }
  const id = "ask-from-a-person-0001";
  const text = `#script sh ${anode(`ack ${id} Seen`)} | say Told`;
  await bench.client.asks.ask({ to_peer: peer_id, text, correlation_id: id });
  await allow(peer_id);
  await seen(bench, pane, async () => {
    expect(await bench.client.asks.get({ id })).toMatchObject({
      state: "closed",
      close_reason: "ack_with_msg",
      reply_text: "Seen",
      delivery_state: "delivered",
    });
  });
  expect(await stagesOf(bench, id)).toEqual([
    ...["created", "resolved_peer", "routed", "websocket_sent", "hook_received", "pane_injected", "acked", "closed"],
  ]);
  await becomesIdle(bench, pane, peer_id);
  expect(bench.screen(pane).split(`[anode:ask ${id} from @human`)).toHaveLength(2);
  return peer;
}

function proveAlone(runtime: PaneRuntime): void {
  it("is asked by a person: held back until it is idle, typed once, acknowledged, traced", async () => {
    const bench = await openPaneBench();
    await settle(bench, runtime);
    await askedByPerson(bench, runtime, bench.open(runtime, "one"));
  });
}

function proveApproval(runtime: PaneRuntime): void {
  it("runs a tool when a person allows it; not when one denies or nobody answers, and not when the daemon is down", async () => {
    const bench = await openPaneBench();
    await settle(bench, runtime, "--approval");
    const pane = bench.open(runtime, "one");
    const { peer_id } = await idleIn(bench, pane);
    const made = (name: string): string => join(bench.home, "one", name);
    const asked = () =>
      seen(bench, pane, async () => {
        const { questions } = await bench.client.questions.list({ scope: "tool_permission", status: "open" });
        expect(questions).toHaveLength(1);
        return questions[0];
      });
    // The model goes on, and has been told why a tool did not run.
    const ended = (word: string, why = "") =>
      seen(bench, pane, () => {
        const told = bench.model.requests.find(({ steps }) => steps[0] === `say ${word}`);
        expect(told).toMatchObject({ ended: "finished", last: expect.stringContaining(why) });
      });

    await bench.type(pane, "#script sh touch allowed.txt | say First");
    const question = await asked();
    // A session has one peer: where another one asks, both are to be seen.
    const told = JSON.stringify(
      await Promise.all([peer_id, question?.from_peer_id ?? ""].map(async (id) => bench.client.peers.get({ id }))),
    );
    expect(question, told).toMatchObject({ from_peer_id: peer_id, origin: runtime, metadata: { cwd: join(bench.home, "one") } });
    expect(existsSync(made("allowed.txt"))).toBe(false);
    expect(await bench.anode("answer", question?.question_id ?? "", "y")).toMatchObject({ code: 0 });
    await seen(bench, pane, () => expect(existsSync(made("allowed.txt"))).toBe(true));
    await ended("First");
    await becomesIdle(bench, pane, peer_id);

    await bench.type(pane, "#script sh touch denied.txt | say Second");
    expect(await bench.anode("answer", (await asked())?.question_id ?? "", "--deny", "--message", "not today")).toMatchObject({ code: 0 });
    await ended("Second", "Not allowed (denied): not today");
    await becomesIdle(bench, pane, peer_id);

    // The hook reads its settings for each call; before, a busy machine had all the time it wanted.
    bench.config({ hooks: { approval: { wait_ms: 1_000 } } });
    await bench.type(pane, "#script sh touch timed-out.txt | say Third");
    await ended("Third", "Not allowed (timed_out)");
    await becomesIdle(bench, pane, peer_id);

    expect(await bench.anode("daemon", "stop")).toMatchObject({ code: 0 });
    await bench.type(pane, "#script sh touch no-daemon.txt | say Fourth");
    await ended("Fourth", "No daemon answers");
    expect(["denied.txt", "timed-out.txt", "no-daemon.txt"].filter((name) => existsSync(made(name)))).toEqual([]);
  });
}

/** With dialogs of their own. */
const asking = { gemini: ["-m", "gemini-2.5-pro", "--skip-trust"], opencode: ["-m", "fake/m1"] } as const;

function proveDialog(runtime: keyof typeof asking): void {
  it("is asked by a person, waits at its own dialog, goes on with what came meanwhile, answers with its turn, and says goodbye", async () => {
    const bench = await openPaneBench();
    await settle(bench, runtime);
    const pane = bench.open(runtime, "one", asking[runtime]);
    const awaitsInput = (id: string): Promise<void> =>
      seen(bench, pane, async () => expect(await bench.client.peers.get({ id })).toMatchObject({ turn_state: "awaiting_input" }));
    const { peer_id } = await askedByPerson(bench, runtime, pane, async (id) => {
      await awaitsInput(id);
      await bench.allow(pane);
    });
    await bench.type(pane, "#script sh touch made.txt | say Made");
    await awaitsInput(peer_id);
    const { delivery_id } = await bench.client.messages.notify({ to_peer: peer_id, text: "#script say Noted too" });
    expect(existsSync(join(bench.home, "one/made.txt"))).toBe(false);
    await bench.allow(pane);
    await seen(bench, pane, () => {
      const said = bench.model.requests.flatMap(({ steps, ended }) => (ended === "finished" ? steps : []));
      // What comes into the middle of a turn of OpenCode is a part of that turn.
      const wanted = runtime === "gemini" ? ["say Made", "say Noted too"] : ["say Noted too"];
      expect(said).toEqual(expect.arrayContaining(wanted));
    });
    expect(existsSync(join(bench.home, "one/made.txt"))).toBe(true);
    await becomesIdle(bench, pane, peer_id);
    expect(await bench.client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" });

    const id = "ask-for-a-turn-0001";
    await bench.client.asks.ask({ to_peer: peer_id, text: "#script say It is green", correlation_id: id, reply_from_turn: true });
    await seen(bench, pane, async () => {
      expect(await bench.client.asks.get({ id })).toMatchObject({ state: "closed", reply_text: "It is green" });
    });

    await bench.type(pane, runtime === "gemini" ? "/quit" : "/exit");
    await seen(bench, pane, async () => {
      expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ status: "offline", retire_reason: "session_end" });
    });
  });
}

function proveTwo(): void {
  it("is asked by a person, and asks another Claude Code in the next pane, each as itself", async () => {
    const bench = await openPaneBench();
    await settle(bench, "claude-code");
    const [first, second] = [bench.open("claude-code", "one"), bench.open("claude-code", "two")];
    const asker = await askedByPerson(bench, "claude-code", first);
    const answerer = await idleIn(bench, second);
    const { ask } = writePrograms(bench, answerer.display_name);
    await bench.type(first, `#script sh node ${ask} | say Asked`);
    const closed = await seen(bench, second, async () => {
      const { asks } = await bench.client.asks.list({ peer_id: answerer.peer_id });
      expect(asks[0]).toMatchObject({ state: "closed" });
      return asks[0];
    });
    expect(closed).toMatchObject({
      from_peer_id: asker.peer_id,
      to_peer_id: answerer.peer_id,
      reply_text: "It is blue",
      delivery_state: "delivered",
    });
    expect(closed).not.toHaveProperty("via");
    expect(await stagesOf(bench, closed?.correlation_id ?? "")).toEqual(expect.arrayContaining(["pane_injected", "acked", "closed"]));
    await seen(bench, first, () => expect(existsSync(join(bench.home, "one/reply.txt"))).toBe(true));
  });
}
