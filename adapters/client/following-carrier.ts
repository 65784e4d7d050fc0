import type { Carrier } from "./carrier.js";

/**
 * Calls go where the daemon is, also after it came back elsewhere.
 * @param elsewhere - looks for it, and gives the way to it only if it is in another place than before
 */
export function followingCarrier(first: Carrier, elsewhere: () => Promise<Carrier | undefined>): Carrier {
  // What is under way to a former place may still have its answer.
  const opened = [first];
  let current = first;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const next = await elsewhere();
    if (next) opened.push((current = next));
  }

  return {
    get address() {
      return current.address;
    },
    send: (call) => current.send(call),
    openSocket: async (headers, events) => (current.openSocket as NonNullable<Carrier["openSocket"]>)(headers, events),
    async follow(from) {
      if (current.address === from) await (looking ??= look().finally(() => (looking = undefined)));
      return current.address !== from;
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()));
    },
  };
}
