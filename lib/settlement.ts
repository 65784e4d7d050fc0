/**
 * A promise that is made when somebody asks for it, before or after it has settled. A rejection nobody looked at
 * disturbs nobody: whoever asks later still gets it.
 */
export class Settlement<Value> {
  #state: "pending" | "resolved" | "rejected" = "pending";
  #result: unknown;
  #asked: PromiseWithResolvers<Value> | undefined;

  get promise(): Promise<Value> {
    if (this.#state === "resolved") return Promise.resolve(this.#result as Value);
    if (this.#state === "rejected") return Promise.reject(this.#result);
    this.#asked ??= Promise.withResolvers<Value>();
    return this.#asked.promise;
  }

  get isSettled(): boolean {
    return this.#state !== "pending";
  }

  /** The first settling counts. */
  resolve(value: Value): void {
    if (this.#state !== "pending") return;
    this.#state = "resolved";
    this.#result = value;
    this.#asked?.resolve(value);
  }

  reject(error: unknown): void {
    if (this.#state !== "pending") return;
    this.#state = "rejected";
    this.#result = error;
    this.#asked?.promise.catch(() => {});
    this.#asked?.reject(error);
  }
}
