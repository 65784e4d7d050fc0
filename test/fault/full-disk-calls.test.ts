import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import type { AnodeError } from "../../lib/errors.js";
import { eventually } from "../support/daemon.js";
import { endSurvivors } from "../support/process-tree.js";
import { hasTmux, startTmux } from "../support/tmux.js";
import { newPlace, startProgram } from "./support/store-daemon.js";
import { canMount, mountSmallDisk, type SmallDisk } from "./support/store-small-disk.js";

/** What the calls are about, all of it stored before the disk is full. */
type Ids = Awaited<ReturnType<typeof prepare>>;

// A disk that stays full would hold a call for ever.
const once = { retries: 0, timeoutMs: 15_000 };
const options = ["allow", "deny"].map((id) => ({ id, title: id }));

async function prepare(client: Client, pane_id: string) {
  const { peer } = await client.peers.register({ backend: "service", name: "worker" });
  const { peer_id } = peer;
  const ask = async () => (await client.asks.ask({ to_peer: "worker", text: "Well?" })).correlation_id;
  const asks = [await ask(), await ask(), await ask(), await ask()] as const;
  await client.messages.notify({ to_peer: "worker", text: "note" });
  const { claim_id = "" } = await client.messages.claim({ peer_id });
  await client.messages.notify({ to_peer: "worker", text: "note" });
  const { run_id } = await client.runs.start({ argv: ["sleep", "100"] });
  await eventually(async () => (await client.runs.get({ id: run_id })).status === "running");
  const queued = await client.runs.start({ command: "talker" });
  const { input_id } = await client.runs.input({ id: queued.run_id, text: "more" });
  client.questions.askBlocking({ correlation_id: "pretool-job1", prompt: "May I?", options }).catch(() => {});
  await eventually(async () => (await client.questions.list()).questions.length > 0);
  const file = (await client.attachments.upload(Buffer.from("text"))).id;
  const token = (await client.tokens.create({ label: "t", scopes: ["read"] })).id;
  return { pane_id, peer_id, asks, claim_id, run_id, queued: queued.run_id, input_id, file, token };
}

/** Calls that write; the last ones end what others are about. */
const calls: Readonly<Record<string, (client: Client, ids: Ids) => Promise<unknown>>> = {
  "asks.ack": (client, { asks }) => client.asks.ack({ correlation_id: asks[0], message: "yes" }, once),
  "asks.ask": (client) => client.asks.ask({ to_peer: "worker", text: "Well?" }, once),
  "asks.askMany": (client) => client.asks.askMany({ to_peers: ["worker"], text: "Well?" }, once),
  "asks.cancel": (client, { asks }) => client.asks.cancel({ id: asks[1] }, once),
  "asks.decline": (client, { asks }) => client.asks.decline({ id: asks[2] }, once),
  "asks.wait": (client, { asks }) => client.asks.wait({ id: asks[3], timeout_ms: 100 }, once),
  "attachments.put": (client) => client.attachments.put(Buffer.from("text"), {}, once),
  "attachments.remove": (client, { file }) => client.attachments.remove({ id: file }, once),
  "messages.broadcast": (client) => client.messages.broadcast({ text: "hear" }, once),
  "messages.claim": (client, { peer_id }) => client.messages.claim({ peer_id }, once),
  "messages.confirm": (client, { claim_id }) => client.messages.confirm({ claim_id }, once),
  "messages.notify": (client) => client.messages.notify({ to_peer: "worker", text: "note" }, once),
  "panes.link": (client, { pane_id }) => client.panes.link({ pane_id, backend: "codex" }, once),
  "peers.register": (client) => client.peers.register({ backend: "service", name: "other" }, once),
  "peers.update": (client, { peer_id }) => client.peers.update({ id: peer_id, description: "works" }, once),
  "questions.answer": (client) => client.questions.answer({ correlation_id: "pretool-job1", option_id: "allow" }, once),
  "questions.askBlocking": (client) => client.questions.askBlocking({ prompt: "May I?", options, timeout_ms: 1_000 }, once),
  "runs.input": (client, { queued }) => client.runs.input({ id: queued, text: "more" }, once),
  "runs.prune": (client) => client.runs.prune({ older_than_ms: 0 }, once),
  "runs.start": (client) => client.runs.start({ argv: ["true"] }, once),
  "runs.withdraw": (client, { queued, input_id }) => client.runs.withdraw({ id: queued, input_id }, once),
  "session.update": (client, { peer_id }) => client.session.update({ peer_id, model: "m" }, once),
  "tokens.create": (client) => client.tokens.create({ label: "t", scopes: ["read"] }, once),
  "tokens.revoke": (client, { token }) => client.tokens.revoke({ id: token }, once),
  "peers.offline": (client, { peer_id }) => client.peers.offline({ id: peer_id }, once),
  "peers.remove": (client, { peer_id }) => client.peers.remove({ id: peer_id }, once),
  "runs.cancel": (client, { run_id }) => client.runs.cancel({ id: run_id }, once),
};

const config = {
  daemon: { concurrency: 1, commands: { talker: { argv: ["cat"], input: true } }, limits: { graceMs: 500, killMs: 500 } },
};

interface Setting {
  readonly client: Client;
  readonly disk: SmallDisk;
  readonly ids: Ids;
}

/** A daemon whose whole home lies on a small disk, with a pane of tmux beside it. */
async function open(): Promise<Setting> {
  const server = startTmux("default");
  onTestFinished(() => server.close());
  const place = newPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  const disk = mountSmallDisk(place.home.path, 16);
  if (!disk) throw new Error("The disk cannot be mounted.");
  onTestFinished(() => {
    endSurvivors(place.root);
    disk.unmount();
    place.remove();
  });
  writeFileSync(place.home.config, JSON.stringify(config), { mode: 0o600 });
  const daemon = startProgram({ ...place, env: { ...server.env, ...place.env } });
  if ((await daemon.listensAfterMs) < 0) throw new Error(`It does not start: ${daemon.said()}`);
  const client = await connect({ socketPath: place.home.socket, env: {} });
  onTestFinished(() => client.close());
  return { client, disk, ids: await prepare(client, server.open("api", ["sleep", "100"])) };
}

describe.skipIf(!canMount || !hasTmux)("a call to a daemon whose disk is really full (needs a tmpfs and tmux)", () => {
  it("is done or refused with storage_full, whatever it writes, and never held", async () => {
    const { client, disk, ids } = await open();
    disk.fill();
    // What still fits into the log's old room is no proof.
    await eventually(() =>
      client.runs.start({ argv: ["true"] }, once).then(
        () => false,
        (error: AnodeError) => error.code === "storage_full",
      ),
    );
    const outcomes: Record<string, string> = {};
    for (const [name, made] of Object.entries(calls)) {
      outcomes[name] = await made(client, ids).then(
        () => "done",
        (error: AnodeError) => error.code,
      );
    }
    console.log(`full disk: ${JSON.stringify(outcomes)}`);
    expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== "done" && outcome !== "storage_full")).toEqual([]);
    expect(Object.values(outcomes).filter((outcome) => outcome === "storage_full").length).toBeGreaterThan(20);
    disk.free();
    await eventually(async () => ((await client.health()).degraded ?? []).length === 0);
    expect(await client.runs.start({ argv: ["true"] })).toMatchObject({ run_id: expect.any(String) });
  });
});
