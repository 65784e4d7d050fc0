// A2A's JavaScript SDK over HTTP with Express on a Unix socket; its agent does what the benchmark tells it.
import { once } from "node:events";
import { request } from "node:http";
import { emitPaced, emitTicks } from "../../lib/emission.mjs";
import { serve, startOptions } from "../../lib/program.mjs";
import { createAgent, messageOf } from "../lib/a2a-agent.mjs";
import { requireFrom } from "../lib/packages.mjs";

const { folder, socketPath } = startOptions();
const { restHandler, UserBuilder } = requireFrom(folder, "@a2a-js/sdk/server/express");
/** What a started stream waits for; tasks of the request benchmarks end at once. */
const waiting = new Map();

const app = requireFrom(folder, "express")();
// The readers of the benchmarks say nothing of a version.
app.use((call, _answer, next) => {
  call.headers["a2a-version"] ??= "1.0";
  next();
});
app.use("/", restHandler({ requestHandler: createAgent(folder, work), userBuilder: UserBuilder.noAuthentication }));
const server = app.listen(socketPath);
await once(server, "listening");

serve({
  async openStream() {
    const { task } = await send({ message: messageOf("stream"), configuration: { returnImmediately: true } });
    return { target: `/tasks/${task.id}:subscribe` };
  },
  emit: ({ target, ...order }) => waiting.get(target)(order),
});

async function work(text, emit, id) {
  if (text !== "stream") return;
  const order = Promise.withResolvers();
  const done = Promise.withResolvers();
  const target = `/tasks/${id}:subscribe`;
  waiting.set(target, (given) => {
    order.resolve(given);
    return done.promise;
  });
  const { events, perSecond } = await order.promise;
  waiting.delete(target);
  await (perSecond === undefined ? emitTicks(events, emit) : emitPaced(events, perSecond, emit));
  done.resolve();
}

async function send(body) {
  const call = request({ socketPath, method: "POST", path: "/message:send", headers: { "Content-Type": "application/json" } });
  call.end(JSON.stringify(body));
  const [answer] = await once(call, "response");
  return new Response(answer).json();
}
