import { EventEmitter } from "eventemitter3";

/** Named listeners that cannot hurt who tells them: a throw or a rejection is handed to `failed`. */
export class Listeners<Events extends Record<string, unknown[]>> {
  readonly #emitter = new EventEmitter();
  readonly #failed: (name: string, error: unknown) => void;

  constructor(failed: (name: string, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Calls the listener until the returned function is called. */
  on<Name extends keyof Events & string>(name: Name, listener: (...data: Events[Name]) => unknown): () => void {
    // A listener that throws into the emitter would keep the others from hearing.
    const guarded = (...data: unknown[]): void => {
      try {
        const result = listener(...(data as Events[Name]));
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error));
      } catch (error) {
        this.#failed(name, error);
      }
    };
    this.#emitter.on(name, guarded);
    return () => void this.#emitter.off(name, guarded);
  }

  /** Whether anybody listens, for what is dear to prepare. */
  has(name: keyof Events & string): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Name extends keyof Events & string>(name: Name, ...data: Events[Name]): void {
    this.#emitter.emit(name, ...data);
  }
}
