import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, createClient, inProcessCarrier, memoryCarrier } from "../../adapters/client/index.js";
import { createHandler, createNodeDoor, type Door, type Handle, type Reply } from "../../adapters/http/index.js";
import { Attachments } from "../../lib/attachments/attachments.js";
import { createMemoryBlobs } from "../../lib/attachments/memory-blobs.js";
import { allScopes } from "../../lib/caller.js";
import { createPerform } from "../../lib/contract/perform.js";
import { createServices } from "../../lib/contract/services.js";
import type { Limits } from "../../lib/limits.js";
import { Mesh } from "../../lib/mesh/mesh.js";
import type { MeshPanes } from "../../lib/mesh/mesh-panes.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { RunManager } from "../../lib/runs/manager.js";
import { scriptedExecutor } from "../../lib/testing/scripted-executor.js";
import type { Host } from "../../lib/host.js";
import { createNoPanes } from "../../lib/panes/no-panes.js";
import type { CarrierName } from "./requirements.js";

/** A reply as a plain HTTP client sees it. */
export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One way to the same contract. */
export interface Subject {
  readonly carrier: Exclude<CarrierName, "cli" | "curl" | "mcp">;
  readonly client: Client;
  readonly manager: RunManager;
  readonly attachments: Attachments;
  readonly mesh: Mesh;
  /** A request without the client; not there in process. */
  raw(method: string, path: string, options?: { headers?: Record<string, string>; body?: string }): Promise<RawReply>;
  close(): Promise<void>;
}

/** Runs of these profiles behave as their names say. */
const profiles = {
  craft: { executor: "scripted" },
  hang: { executor: "hang" },
  ask: { executor: "ask" },
  tasks: { executor: "tasks" },
};

function createManager({ limits = {}, host }: SubjectOptions): RunManager {
  const executors = {
    scripted: scriptedExecutor(({ request }) => [
      { emit: { type: "turn.started", payload: { turn: 1 } } },
      { emit: { type: "assistant.message", payload: { message_id: "m1", text: `did: ${request.prompt}` } } },
      { end: { status: "completed", stop_reason: "end_turn", result: `did: ${request.prompt}` } },
    ]),
    hang: scriptedExecutor([{ emit: { type: "turn.started", payload: { turn: 1 } } }, { hang: true }]),
    ask: functionExecutor(async ({ ask }) => {
      const tool = { call_id: "c1", name: "bash", level: "confirm_execute", args: { command: "ls" } };
      return (await ask({ kind: "choice", scope: "tool_permission", prompt: "Run ls?", tool })).decision ?? "";
    }),
    tasks: functionExecutor(async ({ input, emit }) => {
      for (let task = await input.next(); task; task = await input.next()) {
        await task.delivered();
        await emit("assistant.message", { message_id: task.input_id, text: `did: ${task.text}` });
      }
    }),
  };
  return new RunManager({ executors, profiles, concurrency: 4, limits, ...(host && { host: host() }) });
}

/** A host of which nothing can be looked at. */
const noPanes: MeshPanes = {
  backend: createNoPanes(),
  isAlive: () => "unavailable",
  files: { read: async () => ({ probe: "fail" }), write: async () => {}, remove: async () => {} },
  startHook: () => Promise.reject(new Error("no program")),
};

/** What a subject is opened with. */
export interface SubjectOptions {
  readonly limits?: Partial<Limits>;
  /** What is around it, where a test has the clock in hand. */
  readonly host?: () => Host;
}

/** A manager behind the carrier, with nothing shared between subjects. */
export async function openSubject(carrier: Subject["carrier"], options: SubjectOptions = {}): Promise<Subject> {
  const manager = createManager(options);
  await manager.open();
  const { journal, store, host } = manager;
  const attachments = new Attachments({ journal, store, host, limits: manager.limits, blobs: createMemoryBlobs() });
  await attachments.open();
  const mesh = new Mesh({
    manager,
    panes: noPanes,
    attached: async (ids, caller) =>
      (await attachments.resolve([...ids], caller)).map(({ created_at: _created, expires_at: _expires, path: _path, ...file }) => file),
  });
  await mesh.open();
  const reach = await openings[carrier]({ manager, attachments, mesh });
  return {
    carrier,
    manager,
    attachments,
    mesh,
    ...reach,
    async close() {
      await reach.client.close();
      await mesh.close();
      attachments.close();
      await manager.close();
      await reach.stop();
    },
  };
}

type Reach = Pick<Subject, "client" | "raw"> & { stop(): Promise<void> };

type Parts = Pick<Subject, "manager" | "attachments" | "mesh">;

const openings: Record<Subject["carrier"], (parts: Parts) => Promise<Reach>> = {
  async in_process({ manager, ...parts }) {
    const perform = createPerform(createServices(manager, parts), manager.idempotency);
    return {
      client: createClient(inProcessCarrier(perform)),
      raw: () => Promise.reject(new Error("There is no wire in process.")),
      stop: async () => {},
    };
  },
  async memory(parts) {
    const handle = createHandler({ ...parts, hosts: [] });
    return {
      client: createClient(memoryCarrier(handle)),
      raw: (method, path, options) => callHandle(handle, method, path, options),
      stop: async () => {},
    };
  },
  async tcp(parts) {
    const { server, door } = await listen(parts, "tcp", { port: 0, host: "127.0.0.1" });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    (door.hosts as string[]).push(url.slice("http://".length));
    return { client: await connect({ url, env: {} }), raw: rawOver(url), stop: () => closed(server) };
  },
  async unix(parts) {
    const folder = mkdtempSync(join(tmpdir(), "anode-e2e-"));
    const socketPath = join(folder, "d.sock");
    const { server } = await listen(parts, "unix", { path: socketPath });
    return {
      client: await connect({ socketPath, env: {} }),
      raw: rawOver(undefined, socketPath),
      stop: async () => {
        await closed(server);
        rmSync(folder, { recursive: true });
      },
    };
  },
};

async function listen(parts: Parts, kind: "tcp" | "unix", where: object): Promise<{ server: Server; door: Door }> {
  const door: Door = { kind, hosts: [], origins: [] };
  // The embedder says who calls: on this loopback server everybody is the owner.
  const handle = createHandler({ ...parts, hosts: [], authenticate: () => ({ id: "owner", door: kind, scopes: allScopes }) });
  const nodeDoor = createNodeDoor(handle, door);
  const server = createServer(nodeDoor.serverOptions);
  nodeDoor.attach(server);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  return { server, door };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function rawOver(url?: string, socketPath?: string): Subject["raw"] {
  return async (method, path, options = {}) => {
    const { request } = await import("node:http");
    const target = new URL(path, url ?? "http://localhost");
    return new Promise((resolve, reject) => {
      const call = request(
        {
          method,
          path: target.pathname + target.search,
          host: target.hostname,
          port: target.port,
          headers: options.headers ?? {},
          agent: false,
          ...(socketPath !== undefined && { socketPath }),
        },
        (reply) => {
          let text = "";
          reply.setEncoding("utf8");
          reply.on("data", (part: string) => (text += part));
          reply.on("end", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers as Record<string, string>, text }));
          reply.on("error", reject);
        },
      );
      call.on("error", reject);
      call.end(options.body);
    });
  };
}

async function callHandle(
  handle: Handle,
  method: string,
  target: string,
  options: { headers?: Record<string, string>; body?: string } = {},
): Promise<RawReply> {
  const body = options.body;
  const headers = { host: "memory", ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }), ...options.headers };
  const reply = await handle({
    method,
    target,
    httpVersion: "1.1",
    rawHeaders: Object.entries(headers).flat(),
    door: { kind: "memory", hosts: [], origins: [] },
    signal: new AbortController().signal,
    async *body() {
      if (body !== undefined) yield new TextEncoder().encode(body);
    },
  });
  return { status: reply.status, headers: lowered(reply.headers), text: await textOf(reply.body) };
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function textOf(body: Reply["body"]): Promise<string> {
  if (body === undefined || typeof body === "string") return body ?? "";
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body) text += decoder.decode(part, { stream: true });
  return text;
}
