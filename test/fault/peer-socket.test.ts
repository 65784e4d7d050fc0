import { spawn, type ChildProcess } from "node:child_process";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createPeerSocketRule, type PeerSocketRule } from "../../adapters/http/node/peer-socket.js";
import type { Call } from "../../adapters/http/call.js";
import { systemProc } from "../../adapters/http/node/proc.js";
import { rowsOf, socketKeys, type SocketRow } from "../../adapters/http/node/socket-table.js";
import { systemHost } from "../../lib/system-host.js";
import { call } from "../unit/http/fixtures.js";

const uid = process.getuid?.() ?? -1;
const isLinux = process.platform === "linux";
// A socket of another user needs a process of another user.
const isRoot = isLinux && uid === 0;
const stranger = 12_345;

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const runProcesses = new Set<number>();
// The machine is shared with other tests: what is proved here is the verdict, not its speed.
const makeRule = (): PeerSocketRule =>
  createPeerSocketRule({ uid, storeId: "s1", isRunProcess: (pid) => runProcesses.has(pid), clock: systemHost.clock, deadlineMs: 5_000 });

interface Listener {
  readonly port: number;
  /** The call that the next connection makes, once its first byte is there. */
  next(): Promise<Call>;
}

async function listener(host: string, allowHalfOpen = true): Promise<Listener> {
  const waiting: ((call: Call) => void)[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    const connection = { localAddress, localPort, remoteAddress, remotePort };
    socket.once("data", () => waiting.shift()?.(call({ connection, rawHeaders: ["Host", "x"] })));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { port: (server.address() as AddressInfo).port, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

function client(port: number, host: string): Socket {
  const socket = connect(port, host);
  socket.on("error", () => {}).write("x");
  cleanups.push(() => void socket.destroy());
  return socket;
}

/** A process that connects, says one byte and stays until its input ends. */
function clientProcess(
  port: number,
  options: { env?: Record<string, string>; uid?: number; wrapper?: readonly string[]; atOnce?: boolean } = {},
): ChildProcess {
  const then = options.atOnce ? "s.end('x', () => process.exit())" : "s.write('x')";
  const script = `const s = require('node:net').connect(${port}, '127.0.0.1', () => ${then});
    s.on('error', () => {}); process.stdin.resume().on('end', () => process.exit())`;
  return keep([...(options.wrapper ?? []), process.execPath, "-e", script], options);
}

function keep([command = "", ...args]: readonly string[], options: { env?: Record<string, string>; uid?: number }): ChildProcess {
  const child = spawn(command, args, {
    stdio: ["pipe", "inherit", "inherit"],
    env: { PATH: process.env["PATH"], ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  cleanups.push(() => {
    child.stdin?.end();
    return exited;
  });
  return child;
}

describe.skipIf(!isLinux)("the peer-socket rule on live connections", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "::1"],
    ["::", "127.0.0.1"],
    ["127.0.0.1", "::ffff:127.0.0.1"],
    ["::", "::1"],
  ])("knows our own user at %s called as %s", async (host, target) => {
    const { port, next } = await listener(host);
    const seen = next();
    client(port, target);
    const rule = makeRule();
    expect([await rule.isOwner(await seen), await rule.prove(await seen)]).toEqual([true, true]);
  });

  it("does not know a client that has half-closed", async () => {
    const { port, next } = await listener("127.0.0.1");
    const seen = next();
    client(port, "127.0.0.1").end();
    const made = await seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await makeRule().isOwner(made)).toBe(false);
  });

  it.skipIf(!isRoot)("does not know another user", async () => {
    const { port, next } = await listener("127.0.0.1");
    const seen = next();
    clientProcess(port, { uid: stranger });
    const rule = makeRule();
    expect([await rule.isOwner(await seen), await rule.prove(await seen)]).toEqual([false, false]);
  });

  it.skipIf(!isRoot)("does not know another user that closes at once, even though the kernel then shows root", async () => {
    const { port, next } = await listener("127.0.0.1", false);
    for (let i = 0; i < 5; i++) {
      const seen = next();
      const gone = new Promise((resolve) => clientProcess(port, { uid: stranger, atOnce: true }).once("exit", resolve));
      const made = await seen;
      expect(await makeRule().isOwner(made)).toBe(false);
      await gone;
      expect((await afterItsClose(made))?.uid).toBe(0);
      expect(await makeRule().isOwner(made)).toBe(false);
    }
  });

  /** What the kernel shows of a client's socket once nobody holds it. */
  async function afterItsClose({ connection }: Call): Promise<SocketRow | undefined> {
    const [remote, local] = [
      { address: "127.0.0.1", port: connection?.remotePort ?? 0 },
      { address: "127.0.0.1", port: connection?.localPort ?? 0 },
    ];
    const key = socketKeys(remote, local, systemProc.byteOrder).find(({ table }) => table === "net/tcp");
    for (;;) {
      const row = key && rowsOf(await systemProc.text("net/tcp"), key)[0];
      if (!row || row.inode === 0) return row;
    }
  }

  const proofOf = async (make: (port: number) => void): Promise<[boolean, boolean]> => {
    const { port, next } = await listener("127.0.0.1");
    const seen = next();
    make(port);
    const rule = makeRule();
    return [await rule.isOwner(await seen), await rule.prove(await seen)];
  };

  it("proves a process of ours that is no run's", async () => {
    expect(await proofOf((port) => clientProcess(port, { env: { ANODED_COOKIE: "s2.R-1" } }))).toEqual([true, true]);
  });

  it("does not prove a process with a run's cookie", async () => {
    expect(await proofOf((port) => clientProcess(port, { env: { ANODED_COOKIE: "s1.R-1" } }))).toEqual([true, false]);
  });

  it("does not prove a run's process, nor its descendant", async () => {
    expect(await proofOf((port) => runProcesses.add(clientProcess(port).pid as number))).toEqual([true, false]);
    // The wrapper stays the parent: it has something to do afterwards.
    expect(
      await proofOf((port) => runProcesses.add(clientProcess(port, { wrapper: ["sh", "-c", '"$@"; :', "sh"] }).pid as number)),
    ).toEqual([true, false]);
  });

  it.skipIf(!isRoot)("does not prove a process of another pid namespace", async () => {
    expect(await proofOf((port) => clientProcess(port, { wrapper: ["unshare", "--pid", "--fork", "--kill-child"] }))).toEqual([
      true,
      false,
    ]);
  });
});
