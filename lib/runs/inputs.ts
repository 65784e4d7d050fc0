import { AnodeError } from "../errors.js";
import type { Appended } from "../events/step.js";
import type { StreamEvent } from "../events/event.js";
import type { Put } from "../store/store.js";
import type { PayloadOf } from "../events/event-payloads.js";
import type { RunInput } from "./executor.js";
import type { InputRecord } from "./schema.js";

interface Item {
  readonly record: InputRecord;
  /** Handed to the executor, which has not said yet that the agent has it. */
  taken: boolean;
}

/** What the queue needs of its run. */
export interface InputPort {
  append<Type extends string>(type: Type, payload: PayloadOf<Type>, whenFull?: "refuse" | "hold", puts?: readonly Put[]): Appended;
  /** The last assistant text since the given moment of the log. */
  lastTextSince(seq: number): string | undefined;
  headSeq(): number;
  /** The run waits for its next task. */
  idle(): void;
  /** Input has come for a run that may be idle. */
  woken(): void;
}

/** Follow-up input of one active run: pending items, and the executor's side of taking them. */
export class Inputs {
  readonly #port: InputPort;
  readonly #limit: number;
  /** Waits for more when nothing is pending, instead of closing. */
  readonly #staysOpen: boolean;
  #items: Item[] = [];
  #count = 0;
  #closed = false;
  #task: { input_id: string; fromSeq: number } | undefined;
  #wake: (() => void) | undefined;

  constructor(port: InputPort, limit: number, staysOpen: boolean) {
    this.#port = port;
    this.#limit = limit;
    this.#staysOpen = staysOpen;
  }

  get pending(): number {
    return this.#items.length;
  }

  /** False once the executor said that it takes no more. */
  get open(): boolean {
    return !this.#closed;
  }

  /** @throws `run_finished` after the executor said that it takes no more, `input_full` */
  async accept(text: string, delivery: "queue" | "steer", by: string, also: (inputId: string) => readonly Put[]): Promise<InputRecord> {
    if (this.#closed) throw noMoreInput();
    if (this.#items.length >= this.#limit) {
      throw new AnodeError("input_full", `The run has ${this.#limit} pending inputs already.`, { retryAfterSeconds: 5 });
    }
    const record: InputRecord = { input_id: `I-${this.#count + 1}`, delivery, state: "pending", text, by };
    const { committed } = this.#port.append(
      "input.accepted",
      { input_id: record.input_id, delivery, text, by },
      "refuse",
      also(record.input_id),
    );
    this.#count += 1;
    const item: Item = { record, taken: false };
    this.#items.push(item);
    try {
      await committed;
    } catch (error) {
      this.#items = this.#items.filter((other) => other !== item);
      throw error;
    }
    this.#port.woken();
    this.#wake?.();
    return record;
  }

  /** @throws `input_not_found`, `input_delivered` */
  async withdraw(inputId: string, by: string): Promise<void> {
    const item = this.#items.find((candidate) => candidate.record.input_id === inputId);
    if (!item || item.taken) {
      const given = Number(/^I-(\d{1,9})$/.exec(inputId)?.[1] ?? 0);
      if (given < 1 || given > this.#count) throw new AnodeError("input_not_found", "The run has no such input.");
      throw new AnodeError("input_delivered", "The input has been delivered or withdrawn already.");
    }
    this.#items = this.#items.filter((other) => other !== item);
    await this.#port.append("input.withdrawn", { input_id: inputId, by }).kept;
  }

  /** The next pending steer; never waits. */
  take(): RunInput | undefined {
    const item = this.#items.find((candidate) => !candidate.taken && candidate.record.delivery === "steer");
    return item && this.#hand(item);
  }

  /** The next task, steers first; ends the one before it. */
  async next(signal: AbortSignal): Promise<RunInput | undefined> {
    this.completeTask();
    while (!signal.aborted && !this.#closed) {
      const item =
        this.#items.find((candidate) => !candidate.taken && candidate.record.delivery === "steer") ??
        this.#items.find((candidate) => !candidate.taken);
      if (item) return this.#hand(item);
      if (!this.#staysOpen) {
        // In this very step, so that no input is accepted that nobody will take.
        this.#closed = true;
        return undefined;
      }
      this.#port.idle();
      await this.#nextWake(signal);
    }
    return undefined;
  }

  /** The executor has come to the end of a queued input's task. */
  completeTask(): void {
    if (!this.#task) return;
    const { input_id, fromSeq } = this.#task;
    this.#task = undefined;
    const result = this.#port.lastTextSince(fromSeq);
    this.#port.append("input.completed", { input_id, ...(result !== undefined && { result }) });
  }

  /** Ends the queue; what is still pending becomes `input.dropped`, for the step that ends the run. */
  close(): { type: string; payload: Record<string, unknown> }[] {
    this.#closed = true;
    this.#wake?.();
    const dropped = this.#items.map(({ record }) => ({
      type: "input.dropped",
      payload: { input_id: record.input_id, reason: "run_ended" },
    }));
    this.#items = [];
    return dropped;
  }

  #hand(item: Item): RunInput {
    item.taken = true;
    const { input_id, delivery, text } = item.record;
    return {
      input_id,
      delivery,
      text,
      delivered: async () => {
        if (!this.#items.includes(item)) return;
        this.#items = this.#items.filter((other) => other !== item);
        const { committed } = this.#port.append("input.delivered", { input_id });
        if (delivery === "queue") this.#task = { input_id, fromSeq: this.#port.headSeq() };
        await committed;
      },
      putBack: () => {
        item.taken = false;
      },
    };
  }

  #nextWake(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done);
    });
  }
}

/** The inputs of a run as its events tell them, in order. */
export function inputsOf(events: Iterable<StreamEvent>): InputRecord[] {
  const states: Readonly<Record<string, InputRecord["state"]>> = {
    "input.delivered": "delivered",
    "input.withdrawn": "withdrawn",
    "input.dropped": "dropped",
  };
  const inputs = new Map<string, InputRecord>();
  for (const { type, payload } of events) {
    const input_id = String(payload["input_id"]);
    const known = inputs.get(input_id);
    const state = states[type];
    if (type === "input.accepted") inputs.set(input_id, { ...(payload as Omit<InputRecord, "state">), state: "pending" });
    else if (known && state) inputs.set(input_id, { ...known, state });
  }
  return [...inputs.values()];
}

function noMoreInput(): AnodeError {
  return new AnodeError("run_finished", "The run takes no more input.", { details: { run_status: "running" } });
}
