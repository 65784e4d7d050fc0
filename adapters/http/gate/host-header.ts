import { AnodeError } from "../../../lib/errors.js";
import type { Door } from "../call.js";
import type { HeaderMap } from "../headers.js";

const wellFormed = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
const longestName = 261;

/**
 * Stage 2: exactly one `Host`, and on a door that a browser can reach an exact member of the allow-list with its port.
 * Compared as text after lower-casing; no suffix, no resolving.
 * @throws `host_not_allowed`
 */
export function checkHost(headers: HeaderMap, door: Door, hosts: readonly string[]): void {
  const values = headers.get("host");
  if (values?.length !== 1) throw refused(`exactly one Host header, got ${values?.length ?? 0}`);
  const value = values[0] as string;
  if (value.length > longestName || !wellFormed.test(value)) throw refused("a Host header of the form name:port");
  if (door.kind === "unix" || door.kind === "memory") return;
  const name = value.toLowerCase();
  if (!door.hosts.includes(name) && !hosts.includes(name)) throw refused("a Host header that names this server and its port");
}

function refused(expected: string): AnodeError {
  return new AnodeError("host_not_allowed", `This server expects ${expected}.`);
}

/**
 * The `Host` values of a listener: the loopback names, the bound address and further names, each with the port (a further name
 * may bring its own). Where the port is HTTP's own the names also stand alone, since clients leave that one out.
 */
export function listenerHosts(address: string, port: number, further: readonly string[] = []): string[] {
  const bound = address.includes(":") ? `[${address}]` : address;
  const names = new Set(["localhost", "127.0.0.1", "[::1]", bound, ...further].map((name) => name.toLowerCase()));
  return [...names].flatMap((name) => {
    if (/:\d+$/.test(name)) return [name];
    return port === 80 ? [name, `${name}:80`] : [`${name}:${port}`];
  });
}

/** The origins that pages of a listener with these hosts have. */
export function listenerOrigins(hosts: readonly string[]): string[] {
  return hosts.map((host) => `http://${host}`);
}
