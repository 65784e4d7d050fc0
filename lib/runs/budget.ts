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

/** Milliseconds of running until a wall budget reaches its next mark; `undefined` without one or beyond it. */
export function nextWallMark(limitMs: number, usedMs: number): number | undefined {
  const marks = [limitMs * warningShare, limitMs].filter((mark) => mark > usedMs);
  return marks[0] === undefined ? undefined : Math.ceil(marks[0] - usedMs);
}
