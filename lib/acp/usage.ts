import type { Outbox } from "./outbox.js";
import { asCount, asFields, asText, at, type Fields } from "./read.js";

/** What the agent reports of tokens, context and cost. */
export interface UsageMeter {
  /** Takes a `usage_update`. */
  see(update: Fields): void;
  /** Takes one from before the run's own work: what it cost does not count. */
  spentBefore(update: Fields): void;
  /** Takes the result of one prompt. */
  count(result: unknown): void;
}

/** Names of the prompt result's fields, and ours. */
const fields = [
  ["inputTokens", "input_tokens"],
  ["outputTokens", "output_tokens"],
  ["cachedReadTokens", "cache_read_input_tokens"],
  ["cachedWriteTokens", "cache_creation_input_tokens"],
  ["thoughtTokens", "reasoning_tokens"],
] as const;
const quotaFields = [
  ["input_tokens", "input_tokens"],
  ["output_tokens", "output_tokens"],
] as const;

type Usage = Partial<Record<(typeof fields)[number][1], number>>;

/** The meter of one run. `countsTokens` is false for an agent whose numbers cover only a part of its work. */
export function createUsageMeter(outbox: Outbox, countsTokens: boolean): UsageMeter {
  const total: Usage = {};
  let costBefore = 0;
  let costNow: number | undefined;
  return {
    see(update) {
      const [used, size] = [asCount(update["used"]), asCount(update["size"])];
      const cost = costOf(update["cost"]);
      if (cost !== undefined) costNow = cost;
      const spent = costNow === undefined ? undefined : Math.max(0, costNow - costBefore);
      const context = { ...(used !== undefined && { used }), ...(size !== undefined && size > 0 && { size }) };
      outbox.emit("usage.updated", {
        ...total,
        ...(Object.keys(context).length > 0 && { context }),
        ...(spent !== undefined && { cost_usd: spent }),
      });
    },
    spentBefore(update) {
      costBefore = costOf(update["cost"]) ?? costBefore;
    },
    count(result) {
      const usage = countsTokens ? usageOf(result) : undefined;
      if (!usage) return;
      for (const [name, value] of Object.entries(usage)) total[name as keyof Usage] = (total[name as keyof Usage] ?? 0) + value;
      outbox.emit("usage.updated", { ...total });
    },
  };
}

/** The tokens of a prompt's result; `undefined` when none are reported or all are zero. */
function usageOf(result: unknown): Usage | undefined {
  return picked(at(result, "usage"), fields) ?? picked(at(result, "_meta", "quota", "token_count"), quotaFields);
}

function picked(value: unknown, names: readonly (readonly [string, keyof Usage])[]): Usage | undefined {
  const told = asFields(value);
  if (!told) return undefined;
  const usage: Usage = {};
  for (const [theirs, ours] of names) {
    const count = asCount(told[theirs]);
    if (count !== undefined) usage[ours] = count;
  }
  if (Object.values(usage).every((count) => count === 0)) return undefined;
  return { input_tokens: 0, output_tokens: 0, ...usage };
}

function costOf(value: unknown): number | undefined {
  const amount = at(value, "amount");
  return typeof amount === "number" && amount >= 0 && asText(at(value, "currency")) === "USD" ? amount : undefined;
}
