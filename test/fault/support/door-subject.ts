import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Handle } from "../../../adapters/http/call.js";
import { createContractHandler, type Perform } from "../../../adapters/http/handler.js";
import { createNodeDoor, type NodeDoor } from "../../../adapters/http/node/door.js";
import { listenerHosts } from "../../../adapters/http/gate/host-header.js";
import { allScopes } from "../../../lib/caller.js";
import { resolveLimits, type Limits } from "../../../lib/limits.js";
import { systemHost } from "../../../lib/system-host.js";
import { operations } from "../../unit/http/fixtures.js";

/** A door whose operations only note that they were reached. */
export interface Subject {
  readonly port: number;
  readonly door: NodeDoor;
  readonly server: Server;
  /** `<operation> <input>` of every operation reached, in order. */
  readonly reached: string[];
  readonly logged: string[];
}

/** Settings of {@link subject}. */
export interface SubjectOptions {
  readonly perform?: Perform;
  readonly limits?: Partial<Limits>;
  /** Puts a wrong part in front of the handler. */
  readonly wrap?: (handle: Handle) => Handle;
}

const echo: Perform = async (operation, input) => ({ status: operation.success, body: { operation: operation.name, ...input } });

/** The door alone, for a server of the test's own. */
export function makeDoor(
  options: SubjectOptions,
  kind: "tcp" | "unix",
): { door: NodeDoor; hosts: string[]; reached: string[]; logged: string[] } {
  const limits = resolveLimits(options.limits);
  const [reached, hosts, logged]: [string[], string[], string[]] = [[], [], []];
  const handle = createContractHandler({
    operations,
    hosts: [],
    limits,
    host: { ...systemHost, log: (_level, event) => void logged.push(event) },
    authenticate: () => ({ id: "owner", door: kind, scopes: allScopes }),
    perform: (operation, input, context) => {
      reached.push(`${operation.name} ${JSON.stringify(input)}`);
      return (options.perform ?? echo)(operation, input, context);
    },
  });
  const { wrap = (same) => same } = options;
  const door = createNodeDoor(wrap(handle), { kind, hosts, origins: [] }, { limits, log: (_level, event) => void logged.push(event) });
  return { door, hosts, reached, logged };
}

/** Listens until the test ends. */
export async function listen(server: Server, at: { port: number; host: string } | { path: string }): Promise<void> {
  await new Promise<void>((resolve) => server.listen(at, resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
}

/** A door on a loopback port. */
export async function subject(options: SubjectOptions = {}): Promise<Subject> {
  const { door, hosts, reached, logged } = makeDoor(options, "tcp");
  const server = createServer(door.serverOptions);
  door.attach(server);
  await listen(server, { port: 0, host: "127.0.0.1" });
  const { port } = server.address() as AddressInfo;
  hosts.push(...listenerHosts("127.0.0.1", port));
  return { port, door, server, reached, logged };
}

/** The same on a Unix socket, at the path it gives. */
export async function unixSubject(options: SubjectOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "door-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { door } = makeDoor(options, "unix");
  const server = createServer(door.serverOptions);
  door.attach(server);
  await listen(server, { path: join(folder, "s") });
  return join(folder, "s");
}

/** Resolves when the server has no connection left. */
export function connectionsGone(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      server.getConnections((error, count) => {
        if (error) reject(error);
        else if (count === 0) resolve();
        else setImmediate(look);
      });
    };
    look();
  });
}
