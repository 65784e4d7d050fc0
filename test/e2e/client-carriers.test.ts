import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket, createServer as createProxy, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Client, createClient, type FeedOptions, httpCarrier, inProcessCarrier, memoryCarrier } from "../../adapters/client/index.js";
import type { ClientOptions } from "../../adapters/client/client.js";
import { type Authenticate, createHandler, createNodeDoor, type Handle, headerValues, listenerHosts } from "../../adapters/http/index.js";
import { allScopes, createPerform, createServices, functionExecutor, isAnodeError, RunManager, systemHost } from "../../lib/index.js";
import { closeServer } from "../support/close-server.js";

const token = "anode_of_this_test";
const ticks = 200;
const carriers = ["in-process", "manager", "memory", "tcp", "unix"] as const;
type CarrierName = (typeof carriers)[number];

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** One manager whose runs do what their prompt says, and everything that leads to it. */
interface Subject {
  readonly manager: RunManager;
  readonly handle: Handle;
  /** `Host` values of TCP listeners. */
  readonly hosts: string[];
}

async function startSubject(): Promise<Subject> {
  const work = functionExecutor(async ({ request, signal, emit, preview, ask, input }) => {
    if (request.prompt === "ask") {
      const options = [
        { id: "y", title: "Yes" },
        { id: "n", title: "No" },
      ];
      return (await ask({ kind: "choice", scope: "user_question", prompt: "Well?", options })).option_id ?? "none";
    }
    if (request.prompt === "input") {
      const next = await input.next();
      await next?.delivered();
      return next?.text ?? "none";
    }
    if (request.prompt === "hang") {
      preview("assistant.delta", { message_id: "m1", offset: 0, text: "so far" });
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      return "late";
    }
    if (request.prompt === "fail") throw new Error("as asked");
    for (let tick = 0; tick < (request.prompt === "many" ? ticks : 3); tick += 1) {
      await emit("test.tick", { tick, text: "é😀\n\r" });
      if (request.prompt === "many") await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return "done";
  });
  const manager = new RunManager({ executors: { work }, profiles: { craft: { executor: "work" } } });
  await manager.open();
  cleanups.push(() => manager.close());
  const hosts: string[] = [];
  return { manager, hosts, handle: createHandler({ manager, hosts, authenticate }) };
}

const authenticate: Authenticate = (call) => {
  const door = call.door.kind === "unix" ? "unix" : call.door.kind === "memory" ? "in_process" : "tcp";
  const isKnown = door !== "tcp" || headerValues(call, "authorization")[0] === `Bearer ${token}`;
  return isKnown ? { id: "owner", door, scopes: allScopes } : undefined;
};

async function listen(
  { manager, handle, hosts }: Subject,
  kind: "tcp" | "unix",
  at: { port: number; host: string } | { path: string },
): Promise<Server> {
  const door = createNodeDoor(handle, { kind, hosts, origins: [] }, { limits: manager.limits, log: () => {} });
  const server = createServer(door.serverOptions);
  door.attach(server);
  server.listen(at);
  await once(server, "listening");
  cleanups.push(() => closeServer(server));
  return server;
}

async function listenTcp(subject: Subject): Promise<number> {
  const server = await listen(subject, "tcp", { port: 0, host: "127.0.0.1" });
  const { port } = server.address() as AddressInfo;
  subject.hosts.push(...listenerHosts("127.0.0.1", port));
  return port;
}

async function clientOf(name: CarrierName, subject: Subject): Promise<Client> {
  const client = await makeClient(name, subject);
  cleanups.push(() => client.close());
  return client;
}

async function makeClient(name: CarrierName, subject: Subject): Promise<Client> {
  const { manager, handle } = subject;
  if (name === "manager") return createClient(manager);
  if (name === "in-process") return createClient(inProcessCarrier(createPerform(createServices(manager), manager.idempotency)));
  if (name === "memory") return createClient(memoryCarrier(handle));
  if (name === "tcp") return createClient(httpCarrier({ url: `http://127.0.0.1:${await listenTcp(subject)}` }, { runId: "" }), { token });
  const folder = await mkdtemp(join(tmpdir(), "carriers-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  await listen(subject, "unix", { path: join(folder, "d.sock") });
  return createClient(httpCarrier({ socketPath: join(folder, "d.sock") }, { runId: "" }));
}

/** What a call gave: its answer, or everything that its error tells. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { answer: await promise };
  } catch (error) {
    if (!isAnodeError(error)) throw error;
    const { code, message, status, details, retryable } = error;
    return { code, message, status, details, retryable };
  }
}

async function eventsOf(client: Client, id: string, options = {}): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of client.runs.attach(id, options)) events.push(event);
  return events;
}

async function feedOf(client: Client, options: FeedOptions): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of client.events(options)) events.push(event);
  return events;
}

/** The same calls over any carrier; everything that comes back, with what differs by nature replaced. */
async function transcript(client: Client): Promise<unknown> {
  const seen: unknown[] = [];
  const names = new Map<string, string>();
  const note = async (promise: Promise<unknown>): Promise<void> => void seen.push(await outcomeOf(promise));
  const started = async (prompt: string): Promise<string> => {
    const { run_id } = await client.runs.start({ prompt, run_label: "one of many" });
    names.set(run_id, `R${names.size}`);
    return run_id;
  };

  const quick = await started("quick");
  await note(client.runs.wait({ id: quick, timeout_ms: 200_000 }));
  await note(client.runs.get({ id: quick }));
  await note(eventsOf(client, quick));
  await note(eventsOf(client, quick, { after: 3, follow: false }));
  await note(eventsOf(client, quick, { after: 99 }));
  await note(client.runs.events({ id: quick, after: 1, limit: 2 }));
  await note(client.runs.cancel({ id: quick }));
  await note(client.runs.input({ id: quick, text: "too late" }));

  const asking = await started("ask");
  for await (const event of client.runs.attach(asking)) if (event.type === "question.asked") break;
  const [question] = (await client.runs.questions({ id: asking })).questions;
  const questionId = question?.question_id ?? "";
  names.set(questionId, "Q");
  await note(client.questions.all({ limit: 1 }));
  await note(client.runs.answer({ id: asking, question_id: questionId, option_id: "x" }));
  await note(client.runs.answer({ id: asking, question_id: questionId, option_id: "y" }, { idempotencyKey: "answer-1" }));
  await note(client.runs.answer({ id: asking, question_id: questionId, option_id: "y" }, { idempotencyKey: "answer-1" }));
  await note(client.runs.answer({ id: asking, question_id: questionId, option_id: "n" }));
  await note(client.runs.wait({ id: asking }));

  const reading = await started("input");
  await note(client.runs.input({ id: reading, text: "é" }));
  await note(client.runs.wait({ id: reading }));
  await note(client.runs.inputs({ id: reading }));
  await note(client.runs.withdraw({ id: reading, input_id: "in_none" }));

  const failing = await started("fail");
  await note(eventsOf(client, failing));
  const hanging = await started("hang");
  for await (const event of client.runs.attach(hanging, { previews: true })) if (!("seq" in event)) break;
  await note(client.runs.cancel({ id: hanging, reason: "enough" }));
  await note(eventsOf(client, hanging, { after: 2 }));

  const key = { idempotencyKey: "start-1" };
  const first = await client.runs.start({ prompt: "quick" }, key);
  names.set(first.run_id, "R-keyed");
  await note(client.runs.start({ prompt: "quick" }, key));
  await note(client.runs.start({ prompt: "another" }, key));
  await note(client.runs.wait({ id: first.run_id }));

  await note(client.events.list({ after: 2, limit: 40 }));
  await note(client.events.list({ types: ["question.asked", "question.closed"] }));
  await note(feedOf(client, { types: ["run.state"], follow: false }));
  await note(feedOf(client, { tail: 2, follow: false }));
  await note(feedOf(client, { after: 9_999 }));
  await note(feedOf(client, { after: -1 }));
  await note(client.events.list({ after: "x" }));
  await note(client.events.list({ limit: 0 }));
  await note(client.events.stream({ tail: 1 }));

  await note(client.runs.list({ limit: 2 }));
  await note(client.runs.list({ limit: 0, status: ["failed", "canceled"] }));
  await note(client.runs.all({ limit: 2, label: "one of many" }));
  await note(client.runs.list({ status: "nonsense" as never }));
  await note(client.runs.list({ cursor: "nonsense" }));
  await note(client.runs.list({ limit: 5000, unknown: true } as never));
  await note(client.runs.start({} as never));
  await note(client.runs.start({ prompt: "p", max_turns: -1, colour: "red" } as never));
  await note(client.runs.start({ prompt: "p", profile: "nobody" }));
  await note(client.runs.start({ prompt: "p", cwd: undefined } as never).then(({ run_id }) => names.set(run_id, "R-last").size));
  await note(client.runs.get({ id: "R-none" }));
  await note(client.runs.get({ id: "a/b" }));
  await note(eventsOf(client, "R-none"));
  await note(eventsOf(client, quick, { after: -1 }));
  await note(client.tokens.list());
  await note(client.ready());
  await note(client.runs.prune({ keep: 0, status: ["canceled"] }));
  return normalized(seen, names);
}

/** Ids by their order; no times, no digests and no doors, which differ by nature. */
function normalized(seen: unknown, names: ReadonlyMap<string, string>): unknown {
  const ofNature = new Set([
    "door",
    "time",
    "started_at",
    "ended_at",
    "asked_at",
    "closed_at",
    "deadline",
    "created_at",
    "duration_ms",
    "wait_ms",
    "next_cursor",
    "digest",
  ]);
  const text = JSON.stringify(seen, (name, value: unknown) => (ofNature.has(name) ? "*" : value));
  const known = [...names].reduce((all, [id, name]) => all.replaceAll(id, name), text);
  return JSON.parse(known.replaceAll(/in_[A-Za-z0-9_-]+/g, "in_*").replaceAll(/"(owner|local)"/g, '"caller"'));
}

describe("the carriers of a client", () => {
  it("give equal answers, errors and streams to equal calls", async () => {
    const expected = await transcript(await clientOf("in-process", await startSubject()));
    expect(JSON.stringify(expected)).toContain("as asked");
    for (const name of carriers.slice(1)) {
      const seen = await transcript(await clientOf(name, await startSubject()));
      expect({ name, seen }).toEqual({ name, seen: expected });
    }
  });

  describe.each(carriers)("%s", (name) => {
    it("leaves no reader behind when the client's reader leaves", async () => {
      const subject = await startSubject();
      const client = await clientOf(name, subject);
      const { run_id } = await client.runs.start({ prompt: "hang" });
      const readers = (): Promise<number> => client.status().then((status) => Number(status["readers"]));
      const events = client.runs.attach(run_id);
      await events.next();
      expect(await readers()).toBe(1);
      const { value } = await events.next();
      expect(value).toMatchObject({ type: "run.started" });
      const waiting = events.next();
      await events.return?.();
      expect(await waiting).toMatchObject({ done: true });
      await expect.poll(readers).toBe(0);
    });

    it("ends a held call with its signal or limit, and never the run", async () => {
      const subject = await startSubject();
      const client = await clientOf(name, subject);
      const { run_id } = await client.runs.start({ prompt: "hang" });
      const signal = AbortSignal.abort();
      expect(await outcomeOf(client.runs.wait({ id: run_id }, { signal }))).toMatchObject({ code: "aborted" });
      expect(await outcomeOf(client.runs.wait({ id: run_id }, { timeoutMs: 50 }))).toMatchObject({ code: "timeout" });
      expect(await client.runs.get({ id: run_id })).toMatchObject({ status: "running" });
    });

    it("reads two streams of one run at once, each whole", async () => {
      const client = await clientOf(name, await startSubject());
      const { run_id } = await client.runs.start({ prompt: "quick" });
      const [one, other] = await Promise.all([eventsOf(client, run_id), eventsOf(client, run_id)]);
      expect(one).toEqual(other);
      expect(one.at(-1)).toMatchObject({ type: "run.completed" });
    });
  });

  it("refuse on TCP who shows no credential", async () => {
    const subject = await startSubject();
    const client = createClient(httpCarrier({ url: `http://127.0.0.1:${await listenTcp(subject)}` }));
    cleanups.push(() => client.close());
    expect(await outcomeOf(client.runs.list())).toMatchObject({ code: "auth_required", status: 401 });
    expect(await client.health()).toEqual({ status: "ok" });
  });
});

/** A proxy that cuts each connection after a number of bytes of the answer, at times with a reset; how often it did. */
async function startCuttingProxy(port: number, nextBytes: () => number): Promise<{ port: number; cuts: () => number }> {
  let cuts = 0;
  const open = new Set<Socket>();
  const proxy = createProxy((near) => {
    const far = connectSocket(port, "127.0.0.1");
    let left = nextBytes();
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    near.on("data", (bytes) => far.write(bytes)).on("close", () => far.destroy());
    far.on("close", () => near.end());
    far.on("data", (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length;
        near.write(bytes);
        return;
      }
      cuts += 1;
      far.destroy();
      // A reset may take along what is on its way, an end does not: both happen to real connections.
      near.write(bytes.subarray(0, left), () => (cuts % 2 === 0 ? near.resetAndDestroy() : near.destroy()));
    });
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  cleanups.push(async () => {
    for (const socket of open) socket.destroy();
    proxy.close();
    await once(proxy, "close");
  });
  return { port: (proxy.address() as AddressInfo).port, cuts: () => cuts };
}

/** The same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

describe("a stream whose TCP connection is cut again and again", () => {
  // Waits pass a hundred times faster, so that many cuts fit into a test.
  const { clock, randomId } = systemHost;
  const hasty: ClientOptions = {
    token,
    retries: 100,
    host: { randomId, clock: { ...clock, schedule: (task, delayMs) => clock.schedule(task, delayMs / 100) } },
  };

  it.each([1, 2, 3])("loses nothing and repeats nothing (seed %i)", async (seed) => {
    const subject = await startSubject();
    const random = createRandom(seed);
    const proxy = await startCuttingProxy(await listenTcp(subject), () => Math.floor(random() * 4_000));
    subject.hosts.push(`127.0.0.1:${proxy.port}`);
    const client = createClient(httpCarrier({ url: `http://127.0.0.1:${proxy.port}` }, { runId: "" }), hasty);
    cleanups.push(() => client.close());
    const { id } = await subject.manager.start({ prompt: "many" });
    const seen = (await eventsOf(client, id)) as { readonly seq: number; readonly payload: { readonly tick?: number } }[];
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
    expect(seen.flatMap(({ payload }) => payload.tick ?? [])).toEqual(Array.from({ length: ticks }, (_, tick) => tick));
    expect(seen.at(-1)).toMatchObject({ type: "run.completed", status: "completed" });
    expect(proxy.cuts()).toBeGreaterThan(5);
  });

  it.each([
    [4, {}],
    [5, { types: ["run.state"] }],
    [6, { tail: 0 }],
  ])("gives the feed whole too (seed %i, %j)", async (seed, options) => {
    const subject = await startSubject();
    const random = createRandom(seed);
    const proxy = await startCuttingProxy(await listenTcp(subject), () => Math.floor(random() * 4_000));
    subject.hosts.push(`127.0.0.1:${proxy.port}`);
    const client = createClient(httpCarrier({ url: `http://127.0.0.1:${proxy.port}` }, { runId: "" }), hasty);
    cleanups.push(() => client.close());
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of client.events(options)) if (seen.push(seq) && seq === 240) break;
    })();
    await expect.poll(async () => (await subject.manager.stats()).readers).toBe(1);
    for (let run = 0; run < 80; run += 1) {
      await (await subject.manager.start({ prompt: "quick" })).done();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await reading;
    expect(seen).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));
    expect(proxy.cuts()).toBeGreaterThan(5);
  });
});
