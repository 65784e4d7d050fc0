import { resolve } from "node:path";
import { type Address, formatAddress, isLoopback, parseAddress } from "../../lib/address.js";
import { AnodeError } from "../../lib/index.js";
import { StartRefused } from "./start-refused.js";

/** What decides on the addresses to open. */
export interface AddressWishes {
  /** `--addr`, repeated. */
  readonly addr?: readonly string[];
  /** `--port`. */
  readonly port?: number;
  /** `--no-tcp`. */
  readonly noTcp?: boolean;
  /** `--dangerously-allow-remote`. */
  readonly allowRemote?: boolean;
  /** `daemon.addr` and `daemon.port` of the configuration, which flags override. */
  readonly configured?: { readonly addr?: readonly string[] | undefined; readonly port?: number | undefined };
  readonly defaultSocket: string;
  /** The port of the start before: taken again if it is free. */
  readonly lastPort?: number | undefined;
  /** False when no credential could ever match: then nothing may be reached from outside. */
  readonly hasToken: boolean;
  readonly cwd: string;
  readonly userHome: string;
}

/** One address to open. */
export interface PlannedAddress {
  readonly address: Address;
  /** A taken port gives way to one of the kernel's choice. */
  readonly mayMove: boolean;
  /** It can be reached from other machines. */
  readonly isRemote: boolean;
}

/**
 * Decides which addresses to open: those of `--addr` and nothing else, or the default socket and loopback TCP.
 * @throws `invalid_request` (exit 2) for text that is no address and for flags that exclude each other;
 * {@link StartRefused} 78 for an address that is not loopback, and for a wrong one of the configuration
 */
export function planAddresses(wishes: AddressWishes): PlannedAddress[] {
  const { addr = [], configured = {}, noTcp = false, port } = wishes;
  if (addr.length > 0) {
    if (port !== undefined || noTcp)
      throw new AnodeError("invalid_request", "--addr names every address: --port and --no-tcp do not go with it.");
    return fixed(addr, wishes);
  }
  const byConfiguration = configured.addr ?? [];
  if (byConfiguration.length > 0 && port === undefined && !noTcp) return fixedByConfiguration(byConfiguration, wishes);
  const socket: PlannedAddress = { address: { kind: "unix", path: wishes.defaultSocket }, mayMove: false, isRemote: false };
  if (noTcp) return [socket];
  const explicit = port ?? configured.port;
  const address: Address = { kind: "tcp", host: "127.0.0.1", port: explicit ?? wishes.lastPort ?? 0 };
  return [socket, { address, mayMove: explicit === undefined, isRemote: false }];
}

function fixed(texts: readonly string[], wishes: AddressWishes): PlannedAddress[] {
  const { cwd, userHome } = wishes;
  const parsed = texts.map((text) => absolute(parseAddress(text, userHome), cwd));
  const distinct = new Map(parsed.map((address) => [formatAddress(address), address]));
  return [...distinct.values()].map((address) => ({ address, mayMove: false, isRemote: assertReach(address, wishes) }));
}

function fixedByConfiguration(texts: readonly string[], wishes: AddressWishes): PlannedAddress[] {
  try {
    return fixed(texts, wishes);
  } catch (error) {
    if (error instanceof StartRefused) throw error;
    throw new StartRefused(78, `daemon.addr: ${(error as Error).message}`, { cause: error });
  }
}

function absolute(address: Address, cwd: string): Address {
  return address.kind === "unix" ? { kind: "unix", path: resolve(cwd, address.path) } : address;
}

/** True for an address beyond loopback that was asked for openly. Every spelling that is not a literal loopback address is one. */
function assertReach(address: Address, { allowRemote = false, hasToken }: AddressWishes): boolean {
  if (address.kind === "unix" || isLoopback(address.host)) return false;
  const shown = formatAddress(address);
  if (!allowRemote) {
    throw new StartRefused(78, `${shown} must be a loopback address, others could reach this one; --dangerously-allow-remote allows it.`);
  }
  if (!hasToken) throw new StartRefused(78, `${shown} needs a token, and daemon.auth_token is empty.`);
  return true;
}
