import { BlockList, isIP, isIPv6 } from "node:net";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { AnodeError } from "../errors.js";

/** Where a daemon listens or is called. */
export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | {
      readonly kind: "tcp";
      /** Without brackets; `localhost` has become `127.0.0.1`. */
      readonly host: string;
      /** 0 lets the kernel choose. */
      readonly port: number;
    };

/** What relative paths and `~` mean. */
export interface AddressContext {
  /** @defaultValue the folder of this process */
  readonly cwd?: string;
  /** @defaultValue the home folder of this user */
  readonly userHome?: string;
}

const looksLikePath = /^(?:\/|\.\/|\.\.\/|~\/|unix:)|\.sock$/;
const tcp = /^(?:http:\/\/)?(\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^\s:/?#@[\]]*):(\d{1,5})\/?$/i;

/**
 * Reads an address as people write it: a path (begins with `/`, `./`, `../`, `~/` or `unix:`, or ends in `.sock`), or
 * `host:port`, `:port`, `[::1]:port`, `http://host:port`.
 * @throws `invalid_request` for anything else
 */
export function parseAddress(text: string, context: AddressContext = {}): Address {
  if (text.includes("\0")) throw refused(text);
  if (looksLikePath.test(text) && !text.startsWith("http://")) return parsePath(text, context);
  const [, name = "", digits = ""] = tcp.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535 || (name === "" && text.startsWith("http://"))) throw refused(text);
  const host = name.replace(/^\[|\]$/g, "");
  if (name.startsWith("[") && !isIPv6(host)) throw refused(text);
  return { kind: "tcp", host: host === "" || host.toLowerCase() === "localhost" ? "127.0.0.1" : host.toLowerCase(), port };
}

/** The address as a client takes it: a path, or a URL. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return address.path;
  return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** True for a literal loopback address. A name or a short spelling is none: what it means is for others to decide. */
export function isLoopbackHost(host: string): boolean {
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

function parsePath(text: string, { cwd = process.cwd(), userHome = homedir() }: AddressContext): Address {
  const path = text.replace(/^unix:(?:\/\/(?=\/))?/, "");
  if (path === "") throw refused(text);
  return { kind: "unix", path: path.startsWith("~/") ? resolve(userHome, path.slice(2)) : resolve(cwd, path) };
}

function refused(text: string): AnodeError {
  const shown = JSON.stringify(text.slice(0, 120));
  return new AnodeError("invalid_request", `An address must be a socket path, host:port, :port or http://host:port, got ${shown}.`);
}
