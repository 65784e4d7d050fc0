// The product over HTTP on a Unix socket, as an embedder mounts it; runs do what the benchmark tells them.
import { createServer } from "node:http";
import { once } from "node:events";
import { modelConfig } from "../lib/agent-prompts.mjs";
import { core, part } from "../lib/product.mjs";
import { serve, startOptions } from "../lib/program.mjs";
import { eventType, sampleParts } from "../lib/sample-event.mjs";
import { emitPaced, emitTicks } from "../lib/emission.mjs";

const { socketPath, storePath, limits = {}, manager: settings = {}, agent } = startOptions();
const { RunManager, functionExecutor, openSqliteStore } = await core();
const { createHandler, createNodeDoor } = await part("adapters/http/index.js");

/** What a started stream waits for; runs of the request benchmarks end at once. */
const waiting = new Map();

const manager = new RunManager({
  ...settings,
  executors: { bench: functionExecutor(work), ...(agent && { agent: await openAgent(agent) }) },
  profiles: { craft: { executor: "bench" } },
  limits,
  ...(storePath !== undefined && { store: await openSqliteStore({ path: storePath, limits }) }),
});
await manager.open();
await listen();

serve({
  async openStream() {
    const { id } = await manager.start({ prompt: "stream" });
    return { target: `/runs/${id}/events` };
  },
  emit: ({ target, ...order }) => waiting.get(target)(order),
  /** The feed from now on, and the seq it is at. */
  openFeed: () => ({ target: "/events/stream?tail=0", from: manager.journal.headSeq("feed") }),
  emitFeed: ({ events }) => emitTicks(events, emitToFeed),
});

async function work(context) {
  if (context.request.prompt !== "stream") return;
  const order = Promise.withResolvers();
  const done = Promise.withResolvers();
  const target = `/runs/${context.run.id}/events`;
  waiting.set(target, (given) => {
    order.resolve(given);
    return done.promise;
  });
  const { events, perSecond } = await order.promise;
  waiting.delete(target);
  const emit = (payload) => context.emit(eventType, payload);
  await (perSecond === undefined ? emitTicks(events, emit) : emitPaced(events, perSecond, emit));
  done.resolve();
}

/** The built-in agent, which every profile but `craft` names. */
async function openAgent({ home, url }) {
  const { createAgentExecutor } = await part("lib/agent/index.js");
  return createAgentExecutor({ home, cwd: home, env: {}, config: modelConfig(url) });
}

/** As many bytes as an event of a run: what the envelope lacks, the text has more. */
function emitToFeed({ text }) {
  const { run_id, status } = sampleParts(1);
  const payload = { text: text + "x".repeat(`"status":"${status}",`.length) };
  return manager.journal.append({ feed: [{ type: eventType, run_id, payload }] }).committed;
}

async function listen() {
  const handle = createHandler({ manager, hosts: [] });
  const door = createNodeDoor(handle, { kind: "unix", hosts: [], origins: [] }, { limits: manager.limits, log: manager.host.log });
  const server = createServer(door.serverOptions);
  door.attach(server);
  server.listen({ path: socketPath, backlog: 1_024 });
  await once(server, "listening");
}
