import type { Worker } from "node:worker_threads";
import { AnodeError } from "../../errors.js";
import type { Calls, PlainError, WorkerMessage } from "./sqlite-protocol.js";

interface Pending {
  resolve(output: unknown): void;
  reject(error: AnodeError): void;
}

/** The main thread's end of the line to a store's worker. Keeps the process alive only while an answer is awaited. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #onFailed: (error: AnodeError) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: AnodeError | undefined;
  #isEnding = false;

  /** `onFailed` is called once, when the file failed or the worker died. */
  constructor(worker: Worker, onFailed: (error: AnodeError) => void) {
    this.#worker = worker;
    this.#onFailed = onFailed;
    worker.on("message", (message: WorkerMessage) => this.#receive(message));
    worker.on("error", (error: unknown) => this.#fail(workerDied(String(error), error)));
    worker.on("exit", (code) => this.#fail(workerDied(`it exited with ${code}`)));
    worker.unref();
    // A worker that was started long before may have died unheard.
    if (worker.threadId === -1) this.#fail(workerDied("it had already exited"));
  }

  /** @throws what the worker answers; `store_failed` once it is lost */
  call<Name extends keyof Calls>(call: Name, input: Calls[Name]["input"]): Promise<Calls[Name]["output"]> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#pending.size === 0) this.#worker.ref();
    this.#pending.set(id, { resolve, reject });
    this.#worker.postMessage({ id, call, input });
    return promise as Promise<Calls[Name]["output"]>;
  }

  /** Ends the worker; what is still awaited rejects. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
  }

  #receive(message: WorkerMessage): void {
    if ("failed" in message) return this.#fail(toError(message.failed));
    for (const reply of message.replies) {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ("error" in reply) pending?.reject(toError(reply.error));
      else pending?.resolve(reply.output);
    }
    if (this.#pending.size === 0) this.#worker.unref();
  }

  #fail(error: AnodeError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#worker.unref();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    if (!this.#isEnding) this.#onFailed(error);
  }
}

function toError({ code, message, details }: PlainError): AnodeError {
  return new AnodeError(code, message, details && { details });
}

function workerDied(how: string, cause?: unknown): AnodeError {
  return new AnodeError("store_failed", `The store's worker must live as long as the store, ${how}.`, cause === undefined ? {} : { cause });
}
