import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A relay that cuts connections in the middle of what the server says. */
export interface CuttingProxy {
  readonly port: number;
  /** Connections cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

/**
 * Relays to a loopback port. Of connections whose first bytes match, the first `cutAfter.length` are cut after that many
 * bytes of the answer. The server hears its own name: `Host` and `Origin` are rewritten, as its allow-list demands.
 */
export async function openCuttingProxy(target: number, match: RegExp, cutAfter: readonly number[]): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  let port = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {}).once("close", () => open.delete(socket));
    }
    let left = Number.POSITIVE_INFINITY;
    client.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      if (match.test(text) && cuts < cutAfter.length) left = cutAfter[cuts] as number;
      upstream.write(Buffer.from(text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${target}`), "latin1"));
    });
    upstream.on("data", (chunk) => {
      if (chunk.length < left) {
        left -= chunk.length;
        client.write(chunk);
        return;
      }
      cuts += 1;
      client.write(chunk.subarray(0, left), () => client.destroy());
      left = Number.POSITIVE_INFINITY;
      upstream.destroy();
    });
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  return {
    port,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reproducible numbers from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
