import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { commandNames } from "../../adapters/cli/command-table.js";
import { type Client, connect } from "../../adapters/client/index.js";
import { daemonHere, daemonPlace } from "../support/daemon.js";
import { hostileTexts } from "../support/hostile-text.js";
import { rawSocket } from "../support/raw-socket.js";
import { typed } from "../support/typed.js";
import { verifies, verifiesWith } from "./verifies.js";

const text = `${hostileTexts["acting"]}${hostileTexts["halves"]}`;
const kept = text.toWellFormed();
const question = {
  kind: "choice" as const,
  prompt: text,
  options: [{ id: text.slice(0, 128), title: text.slice(0, 200), description: text }],
};

/** Everything a caller can write, written with the same hostile text. */
async function writeAll(client: Client) {
  const { peer, peer_token = "" } = await client.peers.register({
    backend: "service",
    name: "worker",
    path: `/srv/${text}`,
    model: text.slice(0, 200),
    session_id: text.slice(0, 200),
    tmux_session: text.slice(0, 200),
    metadata: { [text.slice(0, 100)]: { deep: [text] } },
  });
  const { peer_id } = peer;
  await client.peers.update({ id: peer_id, description: text });
  const { id } = await client.attachments.upload(new TextEncoder().encode(text), { filename: `../${text}.png`, content_type: text });
  const { correlation_id } = await client.asks.ask({ to_peer: peer_id, text, attachments: [id] });
  const typed = await client.asks.ask({ to_peer: peer_id, text, question });
  const { delivery_id } = await client.messages.notify({ to_peer: peer_id, text, attachments: [id] });
  await client.messages.broadcast({ text });
  const closed = await client.asks.ask({ to_peer: peer_id, text });
  await client.asks.ack({ correlation_id: closed.correlation_id, message: text, attachments: [id] });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  client.questions
    .askBlocking(
      {
        prompt: text,
        options: [
          { id: "allow", title: text.slice(0, 200) },
          { id: "deny", title: "Deny" },
        ],
        origin: text,
        metadata: { text },
      },
      { signal: stop.signal },
    )
    .catch(() => {});
  await client.peers.offline({ id: peer_id, reason: text.slice(0, 60), detail: text });
  await client.peers.touch({ id: peer_id });
  return { peer_id, peer_token, id, correlation_id, delivery_id, typed: typed.correlation_id, closed: closed.correlation_id };
}

/** Every text in it, names included. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsOf(member)]);
}

describe("hostile text in everything that a caller can write", () => {
  verifies("mesh.hostile-text", async ({ client, raw, carrier }) => {
    const ids = await writeAll(client);
    expect(await client.peers.get({ id: "worker" })).toMatchObject({ description: kept, path: `/srv/${kept}`, model: kept.slice(0, 200) });
    const { asks } = await client.asks.pending({ peer_id: ids.peer_id });
    expect(asks.map((ask) => ask.text)).toEqual([kept, kept]);
    expect(asks[0]?.question).toMatchObject({ prompt: kept, options: [{ id: kept.slice(0, 128), description: kept }] });
    expect(await client.asks.wait({ id: ids.closed })).toMatchObject({ reply_text: kept });
    expect((await client.questions.list({ scope: "tool_permission" })).questions).toMatchObject([
      { prompt: kept, origin: kept, metadata: { text: kept } },
    ]);
    const { filename, content_type } = await client.attachments.info({ id: ids.id });
    expect(filename).toMatch(/^[^\p{Cc}\p{Bidi_Control}/\\]+$/u);
    expect(content_type).toBe("application/octet-stream");
    const { events } = await client.events.list({ limit: 1_000 });
    expect(events.filter(({ payload }) => textsOf(payload).includes(kept)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["peer.updated", "ask.opened", "message.sent", "ask.closed", "question.asked"]),
    );
    if (carrier === "in_process") return;
    const paths = [
      "/peers",
      "/peers/worker",
      "/asks",
      "/messages",
      "/questions",
      "/events",
      "/attachments",
      `/traces/${ids.closed}`,
      `/deliveries/pending?peer_id=${ids.peer_id}`,
    ];
    for (const path of paths) {
      const { status, headers, text: body } = await raw("GET", path);
      expect([path, status, headers["content-type"]]).toEqual([path, 200, "application/json"]);
      expect([path, /[\n\r]/.test(body), textsOf(JSON.parse(body)).every((one) => one.isWellFormed())]).toEqual([path, false, true]);
    }
    const { headers } = await raw("GET", `/attachments/${ids.id}?inline=1`);
    expect(headers["content-disposition"]).toMatch(/^attachment; filename="[ -~]*"; filename\*=UTF-8''[!-~]*$/);
    const refused = await raw("GET", `/peers/${encodeURIComponent(kept.slice(0, 60))}`);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([404, expect.objectContaining({ code: "peer_not_found" })]);
  });

  it("stands in one frame each on the feed and on a socket, and in one line each in the log", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place, { store: "memory" });
    const client = await connect({ socketPath: daemon.home.socket, env: {} });
    onTestFinished(() => client.close());
    const { peer_id } = await writeAll(client);
    const socket = await rawSocket(daemon, { over: "unix" });
    socket.send({ type: "connect", v: 1, backend: "service", name: "worker", peer_id });
    for (const kind of ["ask", "notify", "broadcast"]) expect(await socket.next(kind)).toMatchObject({ text: kept });
    const lines: string[] = [];
    for (const accept of ["text/event-stream", "application/x-ndjson"]) {
      const stop = new AbortController();
      const response = await fetch(`${daemon.addresses.find((address) => address.startsWith("http"))}/events/stream`, {
        headers: { accept, authorization: `Bearer ${readFileSync(daemon.home.token, "utf8").trim()}` },
        signal: stop.signal,
      });
      const decoder = new TextDecoder();
      let said = "";
      for await (const chunk of response.body ?? []) {
        said += decoder.decode(chunk, { stream: true });
        if (said.includes("question.asked") && said.endsWith("\n")) break;
      }
      stop.abort();
      lines.push(...said.split(/\r\n|\n|\r/).filter((line) => line !== ""));
    }
    const strange = lines.filter((line) => !/^(id: \d+|:.*|retry: \d+|(data: )?\{.*\})$/su.test(line));
    expect(strange).toEqual([]);
    const documents = lines.filter((line) => /^(data: )?\{/.test(line)).map((line) => JSON.parse(line.replace(/^data: /, "")) as unknown);
    expect(documents.filter((document) => textsOf(document).includes(kept)).length).toBeGreaterThan(10);
    const log = readFileSync(daemon.home.log, "utf8");
    for (const line of log.split("\n").filter(Boolean)) expect(JSON.parse(line)).toMatchObject({ event: expect.any(String) });
  });
});

/** What the commands that show the mesh are told; a new one belongs here or below. */
const shows = (ids: Awaited<ReturnType<typeof writeAll>>): Readonly<Record<string, readonly string[]>> => ({
  "peers list": [],
  "peers show": ["worker"],
  "peers asks": ["worker"],
  "peers whoami": [],
  "peers describe": ["worker", text],
  questions: [],
  inbox: ["--peer", "worker"],
  "messages show": [ids.delivery_id],
  trace: [ids.closed],
  events: ["--types", "peer.registered,peer.updated,peer.status,ask.opened,ask.closed,message.sent,question.asked"],
  "attachments list": [],
  doctor: ["worker"],
  link: [],
  ask: ["worker", text],
  notify: ["worker", text],
  broadcast: [text],
  ack: [ids.correlation_id, text],
  answer: [ids.typed, text],
  decline: [ids.closed, text],
  rehook: ["worker"],
  "peers register": ["--name", text],
  "peers touch": [text],
  "peers remove": [text],
  "attachments put": [text],
  "attachments get": [text],
  "attachments remove": [text],
});
const ofTheMesh = /^(peers|attachments|questions|inbox|messages|trace|events|doctor|link|rehook|ask|ack|answer|decline|notify|broadcast)\b/;

describe("the command line", () => {
  verifiesWith("mesh.hostile-text", "cli", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place, { store: "memory" });
    const client = await connect({ socketPath: daemon.home.socket, env: {} });
    onTestFinished(() => client.close());
    const commands = shows(await writeAll(client));
    expect(Object.keys(commands).toSorted()).toEqual(commandNames.filter((name) => ofTheMesh.test(name)).toSorted());
    let shown = 0;
    for (const [name, words] of Object.entries(commands)) {
      for (const more of [["--json"], []]) {
        const { code, out, err } = await typed(place, ...name.split(" "), ...words, ...more);
        const said = out + err;
        // What acts is shown, not done; a code of our own is no defect of ours.
        expect([name, /[^\P{Cc}\n\t]|\p{Bidi_Control}|[\u200b\u2028\u2029]/u.test(said)]).toEqual([name, false]);
        expect([name, code, /internal|TypeError/.test(said)]).toEqual([name, expect.toBeOneOf([0, 1, 2, 4, 8]), false]);
        if (more.length > 0) for (const one of out.split("\n").filter(Boolean)) JSON.parse(name === "events" ? one : out);
        if (out.includes("\\u202e")) shown += 1;
      }
    }
    expect(shown).toBeGreaterThan(12);
  });
});
