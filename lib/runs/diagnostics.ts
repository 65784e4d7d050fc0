import type { Host } from "../host.js";

/** The odd things that nobody waits for: each is logged, counted and told. */
export class Diagnostics {
  readonly #host: Host;
  readonly #tell: (name: string, data: Readonly<Record<string, unknown>>) => void;
  readonly #counts = new Map<string, number>();

  constructor(host: Host, tell: (name: string, data: Readonly<Record<string, unknown>>) => void) {
    this.#host = host;
    this.#tell = tell;
  }

  /** How often each was reported. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  readonly report = (name: string, data: Readonly<Record<string, unknown>>): void => {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#host.log("warn", name, data);
    this.#tell(name, data);
  };
}
