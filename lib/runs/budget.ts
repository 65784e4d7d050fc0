import type { Budget, StopReason } from "./schema.js";

export type BudgetName = keyof Budget;

/** What a run has used, in the units of its budget. */
export interface Used {
  wall_ms: number;
  tokens: number;
  cost_usd: number;
  events: number;
  bytes: number;
}

/** A budget that has reached its mark. */
export interface Crossing {
  readonly name: BudgetName;
  readonly used: number;
  readonly limit: number;
  readonly over: boolean;
}

const warningShare = 0.8;

/** The budgets that are at 80 % or more. */
export function crossings(budget: Budget, used: Used): Crossing[] {
  const found: Crossing[] = [];
  for (const [name, limit] of Object.entries(budget) as [BudgetName, number][]) {
    if (used[name] >= limit * warningShare) found.push({ name, used: used[name], limit, over: used[name] >= limit });
  }
  return found;
}

/** The stop reason of a budget that is used up. */
export function budgetStopReason(name: BudgetName): StopReason {
  const reasons: Record<BudgetName, StopReason> = {
    wall_ms: "budget_wall",
    tokens: "budget_tokens",
    cost_usd: "budget_cost",
    events: "budget_events",
    bytes: "budget_bytes",
  };
  return reasons[name];
}

/** The first mark of a wall budget, in milliseconds of running, that was not seen to be reached; `undefined` when all were. */
export function nextWallMark(limitMs: number, seenMs: number): number | undefined {
  return [limitMs * warningShare, limitMs].find((mark) => mark > seenMs);
}
