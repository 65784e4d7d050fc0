import type { CancelTimer, Clock } from "../host.js";
import type { Handed } from "./channel.js";
import type { ReceiptStatus } from "./frames.js";

interface Waiting {
  settle(handed: Handed): void;
}

/** Messages on a socket that wait for their receipt. */
export class Receipts {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  #replays = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many of them are replays. */
  get replays(): number {
    return this.#replays;
  }

  /** What the receipt says, or `otherwise` when none came in time. */
  wait(delivery_id: string, ms: number, otherwise: Handed, isReplay: boolean): Promise<Handed> {
    const { promise, resolve } = Promise.withResolvers<Handed>();
    let cancel: CancelTimer = () => {};
    const settle = (handed: Handed): void => {
      cancel();
      this.#waiting.delete(delivery_id);
      if (isReplay) this.#replays -= 1;
      resolve(handed);
    };
    cancel = this.#clock.schedule(() => settle(otherwise), ms);
    this.#waiting.set(delivery_id, { settle });
    if (isReplay) this.#replays += 1;
    return promise;
  }

  /** A receipt came. False when nobody waits for it any more. */
  settle(delivery_id: string, handed: Handed): boolean {
    const waiting = this.#waiting.get(delivery_id);
    waiting?.settle(handed);
    return waiting !== undefined;
  }

  /** The socket is gone: no receipt will come. */
  end(handed: Handed): void {
    for (const waiting of [...this.#waiting.values()]) waiting.settle(handed);
  }
}

/** What a receipt proves. */
export function handedBy(status: ReceiptStatus, detail: string | undefined): Handed {
  const came = [{ stage: "websocket_sent" }, { stage: "hook_received" }];
  if (status === "injected") return { state: "delivered", stages: [...came, { stage: "pane_injected" }] };
  if (status === "rejected" && detail === "not_idle") return { state: "queued", reason: "not_idle", stages: came };
  return { state: "failed", stages: came, ...(detail !== undefined && { detail }) };
}
