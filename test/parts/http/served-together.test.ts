import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createHandler, createNodeDoor, type Handle } from "../../../adapters/http/index.js";
import { createMemoryStore, functionExecutor, localCaller, RunManager } from "../../../lib/index.js";

const door = { kind: "tcp", hosts: [], origins: [] } as const;
const connections = 8;
const leave: (() => unknown)[] = [];

afterEach(() => {
  for (const each of leave.splice(0)) each();
});

async function listen(listener: RequestListener): Promise<() => Promise<Socket>> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  leave.push(() => server.close());
  await once(server, "listening");
  return async () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    leave.push(() => socket.destroy());
    await once(socket, "connect");
    return socket;
  };
}

async function statusOf(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString("latin1").slice(9, 12);
}

it("serves what comes in one turn of the event loop together: the starts share a commit", async () => {
  const store = createMemoryStore();
  const runsOf: number[] = [];
  const manager = new RunManager({
    paused: true,
    executors: { still: functionExecutor(async () => {}) },
    profiles: { craft: { executor: "still" } },
    store: {
      ...store,
      async commit(batch) {
        const runs = (batch.puts ?? []).filter(({ collection }) => collection === "runs");
        if (runs.length > 0) runsOf.push(runs.length);
        await store.commit(batch);
      },
    },
  });
  await manager.open();
  const open = await listen(
    createNodeDoor(createHandler({ manager, hosts: ["localhost"], authenticate: () => localCaller }), door).listener,
  );
  const sockets = await Promise.all(Array.from({ length: connections }, open));
  const body = JSON.stringify({ prompt: "x" });
  const head = `POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  const startOnEach = async (round: string): Promise<void> => {
    const answers = sockets.map(statusOf);
    sockets.forEach((socket, at) => socket.write(`${head}\r\nIdempotency-Key: ${round}-${at}\r\n\r\n${body}`));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: connections }, () => "201"));
  };
  // Connections are taken one by one; only what is open already can be heard of together.
  await startOnEach("first");
  runsOf.length = 0;
  await startOnEach("second");
  expect(runsOf.reduce((sum, runs) => sum + runs, 0)).toBe(connections);
  // What the kernel tells in one go is not ours to say; alone they would be as many commits as starts.
  expect(runsOf.length).toBeLessThan(connections);
  await manager.close();
});

it("tells a call whose connection is gone before its turn that nobody waits for it", async () => {
  const called = Promise.withResolvers<boolean>();
  const handle: Handle = async ({ signal }) => {
    called.resolve(signal.aborted);
    return { status: 204, headers: {} };
  };
  const { listener } = createNodeDoor(handle, door);
  const open = await listen((request, response) => {
    listener(request, response);
    request.socket.destroy();
  });
  const socket = await open();
  socket.on("error", () => {}).write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(await called.promise).toBe(true);
});
