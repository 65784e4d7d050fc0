import { AnodeError } from "./errors.js";

/** Where a daemon listens: a Unix socket or a TCP port. */
export type Address =
  | { readonly kind: "unix"; readonly path: string }
  /** `host` is a name or an address without brackets, in lower case. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const socketPath = /^(?:unix:|\/|\.\/|\.\.\/|~\/)|\.sock$/;
const tcp =
  /^(?:(?<http>http:\/\/)?(?:(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)|\[(?<v6>[0-9a-f:.]{2,45})\]))?:(?<port>\d{1,5})(?<slash>\/?)$/i;

/**
 * The address that a text means: a path (`/…`, `./…`, `../…`, `~/…`, `unix:…`, `….sock`), `host:port`, `:port`,
 * `[::1]:port` or `http://host:port`. Without a host, and for `localhost`, it is 127.0.0.1.
 * @param home - the folder that `~/` stands for
 * @throws `invalid_request` for anything else
 */
export function parseAddress(text: string, home?: string): Address {
  const parts = tcp.exec(text)?.groups;
  if (parts) return tcpAddress(text, parts);
  if (socketPath.test(text) && !text.includes("://")) return unixAddress(text, home);
  throw invalid(text);
}

/** The text that {@link parseAddress} reads back as the same address: `unix:<path>` or `http://<host>:<port>`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

/** True for a literal loopback host: 127.0.0.0/8 in its usual spelling, or `::1`. */
export function isLoopback(host: string): boolean {
  return host === "::1" || /^127(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(host);
}

function tcpAddress(text: string, { http, name, v6, port, slash }: Partial<Record<string, string>>): Address {
  const number = Number(port);
  if (number > 65_535 || (slash && !http)) throw invalid(text);
  const host = (name ?? v6 ?? "127.0.0.1").toLowerCase();
  return { kind: "tcp", host: host === "localhost" ? "127.0.0.1" : host, port: number };
}

function unixAddress(text: string, home: string | undefined): Address {
  const path = text.startsWith("unix:") ? text.slice("unix:".length) : text;
  if (path === "" || path.includes("\u0000")) throw invalid(text);
  if (!path.startsWith("~/")) return { kind: "unix", path };
  if (home === undefined) throw new AnodeError("invalid_request", "An address that starts with ~/ needs a home folder, and none is known.");
  return { kind: "unix", path: `${home}${path.slice(1)}` };
}

function invalid(text: string): AnodeError {
  const shown = JSON.stringify(text.length > 128 ? `${text.slice(0, 128)}…` : text);
  return new AnodeError("invalid_request", `An address must be a socket path, host:port, :port or http://host:port, got ${shown}.`);
}
