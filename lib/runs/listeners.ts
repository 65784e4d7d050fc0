import { EventEmitter } from "eventemitter3";
import type { Host } from "../host.js";
import { Diagnostics } from "./diagnostics.js";
import type { RunManagerEvents } from "./manager-types.js";

type Name = keyof RunManagerEvents & string;

/** Who listens to a manager. A listener cannot hurt who tells it: what it throws is a diagnostic. */
export class Listeners {
  readonly #emitter = new EventEmitter();
  readonly #host: Host;
  readonly diagnostics: Diagnostics;

  constructor(host: Host) {
    this.#host = host;
    this.diagnostics = new Diagnostics(host, (name, data) => this.emit("diagnostic", name, data));
  }

  /** Calls the listener until the returned function is called. */
  on<Event extends Name>(name: Event, listener: (...data: RunManagerEvents[Event]) => unknown): () => void {
    // A listener that throws into the emitter would keep the others from hearing.
    const guarded = (...data: unknown[]): void => {
      try {
        const result = listener(...(data as RunManagerEvents[Event]));
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error));
      } catch (error) {
        this.#failed(name, error);
      }
    };
    this.#emitter.on(name, guarded);
    return () => void this.#emitter.off(name, guarded);
  }

  /** Whether anybody listens, for what is dear to prepare. */
  has(name: Name): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Event extends Name>(name: Event, ...data: RunManagerEvents[Event]): void {
    this.#emitter.emit(name, ...data);
  }

  #failed(name: string, error: unknown): void {
    const data = { name, error: String(error) };
    // Reporting a failing diagnostic listener as diagnostic would never end.
    if (name === "diagnostic") this.#host.log("warn", "listener.failed", data);
    else this.diagnostics.report("listener.failed", data);
  }
}
