import { setTimeout as later } from "node:timers/promises";
import { describe, it } from "vitest";
import type { StreamEvent } from "../../lib/events/event.js";
import { call as send, eventually } from "../support/daemon.js";
import { type Daemon, newPlace, type Place, startProgram } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { finds, holds } from "./support/trials.js";

const killsOfALife = 3;

/** What the callers of a home's daemons were told, and must find again. */
class Told {
  readonly peers = new Set<string>();
  /** Asks and whether they were ended. */
  readonly asks = new Map<string, boolean>();
  /** Messages that wait, with their texts. */
  readonly messages = new Map<string, string>();
  readonly confirmed = new Set<string>();
  readonly parents = new Set<string>();
  readonly questions = new Set<string>();
  attachment: string | undefined;
  /** Events of the feed as they were read. */
  readonly feed: StreamEvent[] = [];
}

/** A home whose daemons are killed while peers register, ask, answer, tell and fetch. */
async function life(random: Random, kills: number, bug?: string): Promise<readonly string[]> {
  const place = newPlace();
  const told = new Told();
  try {
    for (let kill = 0; kill <= kills; kill += 1) {
      const daemon = startProgram(place, { bug });
      const violations = await verify(place, daemon, told);
      if (violations.length > 0 || kill === kills) {
        await daemon.kill();
        return violations;
      }
      await work(place, told, random, kill, daemon);
    }
    return [];
  } finally {
    place.remove();
  }
}

async function work({ home }: Place, told: Told, random: Random, kill: number, daemon: Daemon): Promise<void> {
  // A daemon that is gone answers nothing, and nothing is known of the call.
  const call = (path: string, body: object, options: object = {}) =>
    send(home.socket, path, { body, ...options }).catch(() => ({ status: 0, json: {}, text: "" }));
  const names = [`a${kill}`, `b${kill}`];
  for (const name of names) {
    const { status, json } = await call("/peers", { backend: "service", name });
    if (status === 201) told.peers.add(json.peer.peer_id);
  }
  if (told.attachment === undefined) {
    const { json } = await send(home.socket, "/attachments/raw?filename=a.txt", {
      body: "kept",
      headers: { "Content-Type": "text/plain" },
    });
    told.attachment = json.id;
  }
  const ask = async (n: number): Promise<void> => {
    const files = n === 0 && told.attachment !== undefined ? { attachments: [told.attachment] } : {};
    const { json, status } = await call("/ask", { to_peer: names[0], text: `ask ${kill} ${n}`, ...files });
    if (status !== 200 && status !== 202) return;
    told.asks.set(json.correlation_id, false);
    if (!random.chance(0.4)) return;
    const { status: acked } = await call("/ack", { correlation_id: json.correlation_id, message: `reply ${n}` });
    if (acked === 200) told.asks.set(json.correlation_id, true);
  };
  const notify = async (n: number): Promise<void> => {
    const { json, status } = await call("/notify", { to_peer: names[1], text: `note ${kill} ${n}` });
    if (status === 202) told.messages.set(json.delivery_id, `note ${kill} ${n}`);
  };
  const claim = async (): Promise<void> => {
    const { json, status } = await call("/messages/claim", { peer_id: names[1], limit: 3 });
    if (status !== 200 || json.claim_id === undefined || random.chance(0.4)) return;
    const { status: done } = await call("/messages/confirm", { claim_id: json.claim_id });
    for (const { delivery_id } of json.messages) {
      // Of a call without an answer nobody knows what it did.
      told.messages.delete(delivery_id);
      if (done === 200) told.confirmed.add(delivery_id);
    }
  };
  const many = async (): Promise<void> => {
    const { json, status } = await call("/ask-many", { to_peers: names, text: "all" });
    if (status === 202) told.parents.add(json.parent_id);
  };
  const options = ["allow", "deny"].map((id) => ({ id, title: id }));
  const correlation_id = `pretool-toolu_${kill}`;
  void call("/questions/ask-blocking", { correlation_id, prompt: "Run it?", options, timeout_ms: 50_000 });
  await eventually(async () => (await send(home.socket, `/questions/${correlation_id}`)).status === 200);
  told.questions.add(correlation_id);
  const calls = Array.from({ length: 8 }, async (_, n) => {
    await ask(n);
    await notify(n);
    if (n % 3 === 2) await claim();
    if (n === 4) await many();
  });
  if (random.chance(0.6)) await later(random.int(60));
  else {
    await Promise.all(calls);
    await readFeed(home.socket, told);
  }
  await daemon.kill();
  await Promise.all(calls);
}

/** Goes on where the reader was. */
async function readFeed(socket: string, { feed }: Told): Promise<void> {
  const after = feed.at(-1)?.seq ?? 0;
  const path = `/events?after=${after}&limit=1000`;
  const { json } = await send(socket, path, { headers: { Accept: "application/json" } });
  feed.push(...(json.events as StreamEvent[]));
}

async function verify({ home }: Place, daemon: Daemon, told: Told): Promise<string[]> {
  if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
  const wrong: string[] = [];
  const get = async (path: string) => send(home.socket, path);
  for (const id of told.peers) {
    const { status, json } = await get(`/peers/${id}`);
    if (status !== 200) wrong.push(`the peer ${id} is gone`);
    else if (json.retired_at === undefined && json.status !== "offline") wrong.push(`the peer ${id} is ${json.status} without evidence`);
  }
  for (const [id, isEnded] of told.asks) {
    const { status, json } = await get(`/asks/${id}`);
    if (status !== 200) wrong.push(`the ask ${id} is gone`);
    else if (isEnded && (json.state !== "closed" || json.reply_text === undefined)) wrong.push(`the reply to ${id} is gone`);
  }
  const { json: listed } = await get("/messages?limit=1000");
  const byText = Map.groupBy(
    listed.messages as { text: string; kind: string; delivery_id: string; delivery_state: string }[],
    ({ text }) => text,
  );
  for (const [id, text] of told.messages) {
    const copies = byText.get(text) ?? [];
    if (copies.length !== 1 || copies[0]?.delivery_id !== id)
      wrong.push(`${text} is there ${copies.length} times, first as ${copies[0]?.delivery_id}`);
    else if (!["queued", "delivered"].includes(copies[0].delivery_state)) wrong.push(`${text} is ${copies[0].delivery_state}`);
  }
  for (const { delivery_id, delivery_state } of listed.messages) {
    if (told.confirmed.has(delivery_id) && delivery_state !== "delivered")
      wrong.push(`${delivery_id} was confirmed and is ${delivery_state}`);
    if (delivery_state === "claimed") wrong.push(`${delivery_id} is held by a claim that is over`);
  }
  for (const id of told.parents) if ((await get(`/ask-many/${id}`)).status !== 200) wrong.push(`${id} is gone`);
  for (const id of told.questions) {
    const { json } = await get(`/questions/${id}`);
    if (json.outcome !== "denied" || json.reason !== "restart") wrong.push(`${id} is ${json.status} ${json.outcome} ${json.reason}`);
    const { status } = await send(home.socket, "/answer", { body: { correlation_id: id, option_id: "allow" } });
    if (status !== 410) wrong.push(`${id} could still be answered: ${status}`);
  }
  if (told.attachment !== undefined && (await get(`/attachments/${told.attachment}`)).text !== '"kept"')
    wrong.push("the attachment is gone");
  await readFeed(home.socket, told);
  told.feed.forEach(({ seq }, at) => seq !== at + 1 && wrong.push(`the feed has ${seq} at ${at + 1}`));
  return wrong.slice(0, 5);
}

describe("a mesh whose daemon is killed", () => {
  it("has everything that was acknowledged, nothing twice, denies what was waited for, and its feed goes on", async () => {
    await holds({ promise: "mesh over kill -9", short: 2 * killsOfALife, long: 600, each: killsOfALife, lanes: 2 }, (random) =>
      life(random, killsOfALife),
    );
  });

  it("is seen to lose what a store acknowledges before it commits", async () => {
    const bug = "commits a while after it acknowledged";
    await finds(bug, { within: 6, lanes: 2 }, async (random) =>
      (await life(random, killsOfALife, bug)).filter((violation) => /is gone|0 times|the feed has/.test(violation)),
    );
  });
});
