import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createHandler, createNodeDoor, type Handle } from "../../../adapters/http/index.js";
import { allScopes } from "../../../lib/caller.js";
import type { Executor } from "../../../lib/runs/executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";

/** A manager behind a door whose callers are all the owner. */
export interface StreamServer {
  /** A loopback port, or the path of a Unix socket. */
  readonly at: number | string;
  readonly manager: RunManager;
  /** Closes the manager and its door, and opens others over the same store at the same place. */
  restart(): Promise<void>;
}

/** Settings of {@link streamServer}. */
export interface StreamServerOptions extends Omit<RunManagerOptions, "executors" | "profiles" | "store"> {
  readonly executor: Executor;
  readonly kind?: "tcp" | "unix";
  /** Puts a wrong part in front of the handler. */
  readonly wrap?: (handle: Handle) => Handle;
}

/** Opens it; closed when the test ends. */
export async function streamServer({
  executor,
  kind = "tcp",
  wrap = (handle) => handle,
  ...rest
}: StreamServerOptions): Promise<StreamServer> {
  const store = keptOpen(createMemoryStore(rest.limits ? { limits: rest.limits } : {}));
  let at: number | string = kind === "tcp" ? 0 : join(folder(), "s");
  let manager: RunManager;
  let server: Server;

  async function open(): Promise<void> {
    manager = new RunManager({ executors: { main: executor }, profiles: { craft: { executor: "main" } }, store, ...rest });
    await manager.open();
    const door = { kind, hosts: ["localhost"], origins: [] };
    const handle = createHandler({ manager, hosts: [], authenticate: () => ({ id: "owner", door: kind, scopes: allScopes }) });
    const nodeDoor = createNodeDoor(wrap(handle), door, { limits: manager.limits });
    server = createServer(nodeDoor.serverOptions);
    nodeDoor.attach(server);
    await new Promise<void>((resolve) => server.listen(typeof at === "number" ? { port: at, host: "127.0.0.1" } : { path: at }, resolve));
    if (typeof at === "number") at = (server.address() as AddressInfo).port;
  }

  async function close(): Promise<void> {
    await manager.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  await open();
  onTestFinished(close);
  return {
    get at() {
      return at;
    },
    get manager() {
      return manager;
    },
    async restart() {
      await close();
      await open();
    },
  };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "anode-stream-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The store as a disk would keep it: there again after its user closed it. */
function keptOpen(store: Store): Store {
  return { ...store, close: async () => {} };
}

/** What one connection brought of a stream. */
export interface Part {
  /** 0 when there was no whole head. */
  readonly status: number;
  readonly body: Buffer;
  /** The reader left; else the server ended it. */
  readonly cut: boolean;
}

/** Reads a stream, and leaves after so many bytes of its body. */
export function readPart(at: number | string, target: string, headers: string, leaveAfter = Number.POSITIVE_INFINITY): Promise<Part> {
  return new Promise((resolve) => {
    const socket = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
    let whole = Buffer.alloc(0);
    let bodyAt = -1;
    const settle = (cut: boolean): void => {
      socket.destroy();
      const status = bodyAt < 0 ? 0 : Number(whole.toString("latin1", 9, 12));
      resolve({ status, body: bodyAt < 0 ? Buffer.alloc(0) : whole.subarray(bodyAt, cut ? bodyAt + leaveAfter : undefined), cut });
    };
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      whole = Buffer.concat([whole, chunk]);
      if (bodyAt < 0) {
        const end = whole.indexOf("\r\n\r\n");
        if (end < 0) return;
        bodyAt = end + 4;
      }
      if (whole.length - bodyAt >= leaveAfter) settle(true);
    });
    socket.on("close", () => settle(false));
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`);
  });
}
