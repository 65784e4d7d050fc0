import type { Usage } from "../runs/schema.js";
import type { ModelUsage } from "./ai-sdk.js";
import type { Price } from "./providers/provider.js";

const perMillion = 1_000_000;

/** Adds up what the calls of one run used and cost; what no call reported stays absent. */
export class UsageMeter {
  readonly #price: Price | undefined;
  #totals: Partial<Usage> = {};
  #costUsd: number | undefined;

  constructor(price: Price | undefined) {
    this.#price = price;
    this.#costUsd = price ? 0 : undefined;
  }

  /** Counts one call, whatever became of it. */
  add(usage: ModelUsage): void {
    for (const [field, tokens] of Object.entries(fieldsOf(usage)) as [keyof Usage, number | undefined][]) {
      if (tokens !== undefined) this.#totals = { ...this.#totals, [field]: ((this.#totals[field] as number | undefined) ?? 0) + tokens };
    }
    const cost = this.#price && costOf(usage, this.#price);
    // A sum that leaves a call out would be wrong, so from then on there is none.
    this.#costUsd = cost === undefined || this.#costUsd === undefined ? undefined : this.#costUsd + cost;
  }

  /** The sums so far, as `usage.updated` carries them. */
  get totals(): Partial<Usage> & { readonly cost_usd?: number } {
    return { ...this.#totals, ...(this.#costUsd !== undefined && { cost_usd: Math.round(this.#costUsd * 1e9) / 1e9 }) };
  }
}

/** The usage of one call under the names of a run's record. */
export function fieldsOf({ inputTokens, outputTokens }: ModelUsage): Partial<Usage> {
  const fields = {
    input_tokens: inputTokens.total,
    output_tokens: outputTokens.total,
    cache_read_input_tokens: inputTokens.cacheRead,
    cache_creation_input_tokens: inputTokens.cacheWrite,
    reasoning_tokens: outputTokens.reasoning,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, tokens]) => tokens !== undefined));
}

/** What a call cost in USD; absent when a count or a price that it needs is missing. */
export function costOf({ inputTokens, outputTokens }: ModelUsage, price: Price): number | undefined {
  const { total, cacheRead = 0, cacheWrite = 0, noCache = total === undefined ? undefined : total - cacheRead - cacheWrite } = inputTokens;
  const parts = [
    [noCache, price.input],
    [cacheRead, price.cacheRead],
    [cacheWrite, price.cacheWrite],
    [outputTokens.total, price.output],
  ] as const;
  let sum = 0;
  for (const [tokens, perToken] of parts) {
    if (tokens === 0) continue;
    if (tokens === undefined || perToken === undefined) return undefined;
    sum += (tokens * perToken) / perMillion;
  }
  return sum;
}
