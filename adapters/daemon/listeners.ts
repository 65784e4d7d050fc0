import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Limits, Log } from "../../lib/index.js";
import { type Address, formatAddress, isLoopback } from "../../lib/address.js";
import { codeOf } from "../../lib/thrown.js";
import { createNodeDoor, type Handle, listenerHosts, listenerOrigins } from "../http/index.js";
import type { PlannedAddress } from "./addresses.js";
import { StartRefused } from "./start-refused.js";
import { listenOnSocket, type SocketFile } from "./unix-socket.js";

/** The open addresses of a daemon. */
export interface Listeners {
  /** With their real ports, in the order of the plan. */
  readonly addresses: readonly Address[];
  /** The port under which a child on this machine reaches us; absent without a loopback TCP address. */
  readonly port?: number;
  /** Takes no more connections; those that are open go on. */
  stop(): void;
  /** Ends what is still open, at the latest after `graceMs`, and removes our sockets. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** What listeners are made of. */
export interface ListenerOptions {
  readonly plan: readonly PlannedAddress[];
  readonly handle: Handle;
  /** Further names in the `Host` of a call over TCP. */
  readonly allowedHosts: readonly string[];
  readonly limits: Limits;
  readonly log: Log;
}

interface Listener {
  readonly server: Server;
  readonly address: Address;
  readonly file?: SocketFile;
}

/**
 * Opens all addresses, each with a server and caps of its own; none stays open when one cannot be.
 * @throws {@link StartRefused} 75 for a taken address, 78 for one that cannot be had
 */
export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  const open: Listener[] = [];
  let closing: Promise<void> | undefined;
  const stop = (): void => open.forEach(stopListener);
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(open.map((listener) => closeListener(listener, graceMs)));
  };
  try {
    for (const planned of options.plan) open.push(await listen(planned, options));
  } catch (error) {
    await close(0);
    throw error;
  }
  const addresses = open.map(({ address }) => address);
  const port = portOf(addresses);
  return {
    addresses,
    ...(port !== undefined && { port }),
    stop,
    close: (graceMs) => (closing ??= close(graceMs)),
  };
}

async function listen(planned: PlannedAddress, options: ListenerOptions): Promise<Listener> {
  const { address, mayMove } = planned;
  const hosts: string[] = [];
  const origins: string[] = [];
  const door = createNodeDoor(options.handle, { kind: address.kind, hosts, origins }, options);
  const server = createServer(door.serverOptions);
  door.attach(server);
  if (address.kind === "unix") {
    const file = await listenOnSocket(server, address.path, options.limits.socketPathBytes);
    return { server, address, file };
  }
  const port = await listenOnPort(server, address.host, address.port, mayMove);
  hosts.push(...listenerHosts(address.host, port, options.allowedHosts));
  origins.push(...listenerOrigins(hosts));
  return { server, address: { ...address, port } };
}

async function listenOnPort(server: Server, host: string, port: number, mayMove: boolean): Promise<number> {
  try {
    await bind(server, host, port);
  } catch (error) {
    const code = codeOf(error);
    const shown = formatAddress({ kind: "tcp", host, port });
    if (code !== "EADDRINUSE") throw new StartRefused(78, `${shown} cannot be opened: ${code}.`, { cause: error });
    if (!mayMove)
      throw new StartRefused(75, `${shown} must be free, another process has it; --port or --addr chooses another.`, { cause: error });
    await bind(server, host, 0);
  }
  return (server.address() as AddressInfo).port;
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      server.off("listening", settle).off("error", settle);
      if (error) reject(error);
      else resolve();
    };
    server.on("listening", settle).on("error", settle);
    server.listen(port, host);
  });
}

function stopListener({ server }: Listener): void {
  if (server.listening) server.close();
  server.closeIdleConnections();
}

async function closeListener(listener: Listener, graceMs: number): Promise<void> {
  const { server, file } = listener;
  stopListener(listener);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearTimeout(cut);
  file?.remove();
}

function portOf(addresses: readonly Address[]): number | undefined {
  const local = addresses.filter((address) => address.kind === "tcp" && isLoopback(address.host));
  // Children look on 127.0.0.1 first.
  const best = local.find((address) => address.kind === "tcp" && !address.host.includes(":")) ?? local[0];
  return best?.kind === "tcp" ? best.port : undefined;
}
