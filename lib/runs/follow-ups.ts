import { localCaller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { StreamEvent } from "../events/event.js";
import type { Put } from "../store/store.js";
import type { ActiveRuns } from "./active-runs.js";
import { runFinished } from "./endings.js";
import { inputsOf } from "./inputs.js";
import type { CallOptions } from "./options.js";
import type { InputRecord, RunInputRequest, RunSummary } from "./schema.js";
import type { RunStreams } from "./streams.js";

interface Parts {
  readonly active: ActiveRuns;
  readonly streams: RunStreams;
  get(id: string): Promise<RunSummary>;
}

/** Follow-up inputs as callers see them: handed to runs, listed and taken back. */
export class FollowUps {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Hands an input to a run. */
  async accept(
    id: string,
    { delivery = "queue", text }: RunInputRequest,
    { caller = localCaller, also = () => [] }: CallOptions & { readonly also?: (inputId: string) => readonly Put[] },
  ): Promise<InputRecord> {
    const run = this.#parts.active.get(id);
    if (!run || run.endingDecided) throw runFinished(await this.#parts.get(id));
    if (!run.supports[delivery]) {
      const { executor } = run.record;
      throw new AnodeError("unsupported_option", `The executor ${executor} takes no input of delivery ${delivery}.`, {
        details: { option: `delivery=${delivery}`, executor },
      });
    }
    return run.inputs.accept(text, delivery, caller.id, also);
  }

  /** Whether a run is active, takes queued input, and has not closed it. */
  takenBy(id: string): boolean {
    const run = this.#parts.active.get(id);
    return run !== undefined && !run.endingDecided && run.supports.queue && run.inputs.open;
  }

  /** All inputs of a run with their states, in order. */
  async list(id: string): Promise<InputRecord[]> {
    const events: StreamEvent[] = [];
    for await (const event of this.#parts.streams.events(id, { follow: false })) {
      if (event.type.startsWith("input.") && "seq" in event) events.push(event);
    }
    return inputsOf(events);
  }

  /** Takes back an input that was not delivered. */
  async withdraw(id: string, inputId: string, { caller = localCaller }: CallOptions): Promise<void> {
    const run = this.#parts.active.get(id);
    if (run && !run.over) return run.inputs.withdraw(inputId, caller.id);
    const known = (await this.list(id)).some((input) => input.input_id === inputId);
    if (known) throw new AnodeError("input_delivered", "The run has ended; nothing can be withdrawn.");
    throw new AnodeError("input_not_found", "The run has no such input.");
  }
}
