// The servers that are held against each other, each on a Unix socket of its own.
import { Agent, request } from "node:http";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { emitPaced, emitTicks } from "../../lib/emission.mjs";
import { startProgram } from "../../lib/program.mjs";
import { sampleParts } from "../../lib/sample-event.mjs";
import { freshPath } from "../../lib/temporary-folder.mjs";
import { installed, titleOf } from "./packages.mjs";

// One client makes more requests and streams than any one user, and the ring holds all events, as the peers do.
const limits = { requestsPerConnection: 1_000_000, connections: 4_096, streams: 4_096, streamsPerRun: 4_096, ringEvents: 100_000 };

/** The product; `settings` as its server takes them. */
export async function startOurs(settings = {}) {
  const path = freshPath("ours.sock");
  return { path, program: await startProgram("servers/manager-server.mjs", { socketPath: path, limits, ...settings }) };
}

/** @throws NotPresent */
export async function startA2a() {
  const path = freshPath("a2a.sock");
  const program = await startProgram("peers/servers/a2a-server.mjs", { folder: installed("a2a-js"), socketPath: path });
  return { peer: titleOf("a2a-js"), path, program };
}

/** Its events are posted by this program, 64 at a time at most: it has no other door. @throws NotPresent */
export async function startDurableStreams({ onDisk = false } = {}) {
  const path = freshPath("durable-streams.sock");
  const dataFolder = onDisk ? freshPath("streams") : undefined;
  if (onDisk) mkdirSync(dataFolder);
  const program = await startProgram("peers/servers/durable-streams-server.mjs", {
    folder: installed("durable-streams"),
    socketPath: path,
    dataFolder,
  });
  const agent = new Agent({ keepAlive: true });
  const send = (method, target, body, headers) => exchange({ socketPath: path, agent, method, path: target, headers }, body);
  let streams = 0;

  async function openStream() {
    const name = `/streams/${(streams += 1)}`;
    await send("PUT", name, "", json);
    return { name, target: `${name}?offset=now&live=sse` };
  }

  async function emit({ target, events, perSecond }) {
    const [name] = target.split("?");
    const append = batched((batch) => send("POST", name, JSON.stringify(batch), json));
    await (perSecond === undefined ? emitTicks(events, append) : emitPaced(events, perSecond, append));
    await send("POST", name, "", { "Stream-Closed": "true" });
  }

  const own = { openStream, emit };
  return {
    peer: `${titleOf("durable-streams")}, ${onDisk ? "on disk" : "in memory"}`,
    path,
    dataFolder,
    send,
    program: { ...program, call: (name, input) => own[name]?.(input) ?? program.call(name, input), end },
  };

  async function end() {
    agent.destroy();
    await program.end();
  }
}

export const json = { "Content-Type": "application/json" };

/** Events of one turn go together; each call answers when they are acknowledged. */
function batched(post) {
  let seq = 0;
  let batch = [];
  let posted;
  return (payload) => {
    if (batch.length === 0) {
      posted = Promise.resolve().then(() => {
        const full = batch;
        batch = [];
        return post(full);
      });
    }
    seq += 1;
    batch.push({ id: `evt_${seq}`, ...sampleParts(seq), payload });
    return posted;
  };
}

async function exchange(options, body) {
  const call = request({ ...options, headers: { ...options.headers, "Content-Length": Buffer.byteLength(body) } });
  call.end(body);
  const [answer] = await once(call, "response");
  let text = "";
  for await (const chunk of answer) text += chunk;
  if (answer.statusCode >= 300) throw new Error(`${options.method} ${options.path}: ${answer.statusCode} ${text.slice(0, 200)}`);
}
