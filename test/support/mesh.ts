import type { CallBody, Result } from "../../lib/contract/operation.js";
import type { ServiceParts } from "../../lib/contract/services.js";
import {
  type Caller,
  createMemoryStore,
  createPerform,
  createServices,
  functionExecutor,
  localCaller,
  Mesh,
  type MeshOptions,
  type OperationInput,
  type OperationName,
  type OperationOutput,
  operations,
  RunManager,
  type RunManagerOptions,
  type Store,
} from "../../lib/index.js";
import type { ComposedMesh } from "../../lib/mesh/composed-mesh.js";
import { composedOf } from "../../lib/mesh/mesh.js";
import { createTestHost, type TestHost } from "../../lib/testing/index.js";

/** A mesh over a manager with a manual clock, called as any door calls it. */
export interface TestMesh {
  readonly host: TestHost;
  readonly manager: RunManager;
  /** With its parts, for a look at them. */
  readonly mesh: ComposedMesh;
  /** Calls an operation and gives its document. */
  call<Name extends OperationName>(name: Name, input: OperationInput<Name>, options?: CallDetails): Promise<OperationOutput<Name>>;
  /** The status too. */
  reply(name: OperationName, input: object, options?: CallDetails): Promise<Result>;
  /** Registers a service whose messages stay in its queue, and gives the caller that it is. */
  peer(name: string, more?: object): Promise<{ peer_id: string; caller: Caller }>;
  /** Everything in the feed, as `type` and payload. */
  feed(): Promise<{ type: string; payload: Record<string, unknown> }[]>;
  /** Resolves when nothing is under way any more: what was begun without a caller has its end too. */
  settle(): Promise<void>;
  /** The same store under a new manager, as after a crash. */
  reopen(): Promise<TestMesh>;
}

export interface CallDetails {
  readonly caller?: Caller;
  readonly signal?: AbortSignal;
  readonly idempotencyKey?: string;
  /** A file that comes along. */
  readonly body?: CallBody;
  readonly accept?: string;
}

export interface TestMeshOptions {
  readonly host?: TestHost;
  readonly store?: Store;
  readonly manager?: Partial<RunManagerOptions>;
  readonly mesh?: Partial<MeshOptions>;
  /** What happens between the opening of the manager and that of the mesh. */
  readonly between?: (manager: RunManager) => Promise<void>;
  /** What is served beside the mesh itself. */
  readonly beside?: (mesh: Mesh) => Omit<ServiceParts, "mesh">;
}

/** An executor that answers each input, as an agent that waits for messages does. */
const echo = functionExecutor(async (context) => {
  for (let input = await context.input.next(); input; input = await context.input.next()) {
    await input.delivered();
    await context.emit("assistant.message", { message_id: input.input_id, text: `echo ${input.text}` });
  }
  return "over";
});

export async function openTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  const { host = createTestHost(), store = createMemoryStore() } = options;
  const manager = new RunManager({ host, store, executors: { echo }, profiles: { echo: { executor: "echo" } }, ...options.manager });
  await manager.open();
  await options.between?.(manager);
  const face = new Mesh({ manager, machine: "box", ...options.mesh });
  await face.open();
  const mesh = composedOf(face);
  const perform = createPerform(createServices(manager, { ...options.beside?.(face), mesh: face }), manager.idempotency);

  const reply: TestMesh["reply"] = async (
    name,
    input,
    { caller = localCaller, signal = new AbortController().signal, idempotencyKey, body: file, accept } = {},
  ) => {
    const operation = operations.find((row) => row.name === name);
    if (!operation) throw new Error(`no operation ${name}`);
    const more = {
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(file && { body: file }),
      ...(accept !== undefined && { accept }),
    };
    const context = { caller, signal, requestId: "q-1", ...more };
    const { status, body, stream } = await perform(operation, input as Record<string, unknown>, context);
    return { status, body, ...(stream && { stream }) };
  };
  const call = async <Name extends OperationName>(name: Name, input: OperationInput<Name>, details?: CallDetails) =>
    (await reply(name, input as object, details)).body as OperationOutput<Name>;

  return {
    host,
    manager,
    mesh,
    reply,
    call,
    async peer(name, more = {}) {
      const { peer } = await call("peers.register", { backend: "service", name, ...more });
      const caller: Caller = { id: `token:${name}`, door: "tcp", scopes: ["read", "control"], peer_id: peer.peer_id };
      return { peer_id: peer.peer_id, caller };
    },
    async feed() {
      await manager.journal.settled();
      const { lines } = await store.read("feed", 0, 2 ** 24);
      const events = new TextDecoder().decode(lines).split("\n").filter(Boolean);
      return events.map((line) => JSON.parse(line) as { type: string; payload: Record<string, unknown> });
    },
    async settle() {
      for (let turn = 0; turn < 5; turn += 1) await manager.journal.settled();
    },
    async reopen() {
      await manager.journal.settled();
      mesh.close();
      return openTestMesh({ ...options, host, store });
    },
  };
}
