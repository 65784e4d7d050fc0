import type { CancelTimer, Clock } from "../host.js";
import type { Limits } from "../limits.js";

/** What a heartbeat needs of its link. */
export interface HeartbeatPorts {
  readonly clock: Clock;
  readonly limits: Pick<Limits, "pingMs" | "socketSilenceMs">;
  /** Sends a ping. */
  ping(nonce: string): void;
  /** Nothing has come for too long. */
  silent(): void;
}

/** Whether the other end of a socket is still there: it is asked now and then, and anything it sends counts. */
export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #asked = new Map<string, () => void>();
  #nonces = 0;
  #heardMs: number;
  #cancel: CancelTimer = () => {};

  constructor(ports: HeartbeatPorts) {
    this.#ports = ports;
    this.#heardMs = ports.clock.monotonic();
  }

  start(): void {
    this.#cancel = this.#ports.clock.schedule(() => this.#beat(), this.#ports.limits.pingMs);
  }

  stop(): void {
    this.#cancel();
  }

  /** Something came. */
  heard(): void {
    this.#heardMs = this.#ports.clock.monotonic();
  }

  /** A ping was answered. */
  pong(nonce: string): void {
    this.#asked.get(nonce)?.();
  }

  /** Whether a ping is answered in time. */
  async ping(timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#ports.clock.schedule(() => resolve(false), timeoutMs);
    const nonce = this.#ask(() => resolve(true));
    const isThere = await promise;
    cancel();
    this.#asked.delete(nonce);
    return isThere;
  }

  #beat(): void {
    const { clock, limits } = this.#ports;
    if (clock.monotonic() - this.#heardMs >= limits.socketSilenceMs) return this.#ports.silent();
    this.#asked.clear();
    this.#ask(() => {});
    this.start();
  }

  #ask(answered: () => void): string {
    this.#nonces += 1;
    const nonce = String(this.#nonces);
    this.#asked.set(nonce, answered);
    this.#ports.ping(nonce);
    return nonce;
  }
}
