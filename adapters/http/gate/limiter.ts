import type { Clock } from "../../../lib/host.js";

/** Counts failed credentials; those that hold are never asked about. */
export interface Limiter {
  /** Notes a failure. Gives the seconds to wait when the address had used up its failures, else `undefined`. */
  failed(address: string): number | undefined;
}

const windowMs = 60_000;
const mostAddresses = 1_024;

/** Allows `allowed` failures in 60 s for each canonical address. */
export function createLimiter(clock: Clock, allowed: number): Limiter {
  const failures = new Map<string, number[]>();
  return {
    failed(address) {
      const key = canonicalAddress(address);
      const now = clock.monotonic();
      const recent = (failures.get(key) ?? []).filter((at) => at > now - windowMs);
      failures.delete(key);
      failures.set(key, recent);
      if (failures.size > mostAddresses) failures.delete(failures.keys().next().value as string);
      if (recent.length >= allowed) return Math.ceil(((recent[0] as number) + windowMs - now) / 1000);
      recent.push(now);
      return undefined;
    },
  };
}

/** One text for each address: no zone, IPv6 in its short form, mapped IPv6 as the IPv4 address it stands for. */
export function canonicalAddress(address: string): string {
  const plain = address.replace(/%.*$/, "").toLowerCase();
  if (!plain.includes(":") || !URL.canParse(`http://[${plain}]`)) return plain;
  const short = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
