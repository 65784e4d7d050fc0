import { encodeLine } from "../events/encode.js";
import type { StreamEvent } from "../events/event.js";
import type { Clock } from "../host.js";
import { type BudgetName, type Crossing, crossings, type Used } from "./budget.js";
import { RunningTime } from "./running-time.js";
import type { Budget } from "./schema.js";

/** What the watch tells its run. */
export interface BudgetPort {
  /** False while nothing counts: before the start and after the end. */
  counts(): boolean;
  /** A budget has reached 80 % or more for the first time. */
  warn(crossing: Crossing): void;
  /** A budget is used up. */
  over(crossing: Crossing): void;
}

const encoder = new TextEncoder();

/** What a run has used of its budget; runs without one have no watch. */
export class BudgetWatch {
  readonly #budget: Budget;
  readonly #port: BudgetPort;
  readonly #time: RunningTime;
  readonly #used: Used = { wall_ms: 0, tokens: 0, cost_usd: 0, events: 0, bytes: 0 };
  readonly #warned = new Set<BudgetName>();

  constructor(budget: Budget, clock: Clock, port: BudgetPort) {
    this.#budget = budget;
    this.#port = port;
    this.#time = new RunningTime(clock, budget.wall_ms, () => this.#look());
  }

  /** The run works: its time counts. */
  resume(): void {
    this.#time.resume();
  }

  /** The run waits, is idle or has ended. */
  pause(): void {
    this.#time.pause();
  }

  /** Counts an event of the run; one about a budget is counted, but crosses nothing. */
  count(event: StreamEvent): void {
    this.#used.events = event.seq;
    if (this.#budget.bytes !== undefined) this.#used.bytes += encoder.encode(encodeLine(event)).length;
    if (!event.type.startsWith("budget.")) this.#look();
  }

  /** Counts what the run or a run below it used. */
  addUsage(tokens: number, costUsd: number): void {
    this.#used.tokens += tokens;
    this.#used.cost_usd += costUsd;
    this.#look();
  }

  #look(): void {
    if (!this.#port.counts()) return;
    this.#used.wall_ms = this.#time.usedMs;
    for (const crossing of crossings(this.#budget, this.#used)) {
      if (!this.#warned.has(crossing.name)) {
        this.#warned.add(crossing.name);
        this.#port.warn(crossing);
      }
      if (crossing.over) this.#port.over(crossing);
    }
  }
}
