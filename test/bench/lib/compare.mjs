import { NotPresent } from "./product.mjs";
import { summarize } from "./statistics.mjs";

/**
 * Measures ours and its limit (or a peer, which a row then names) in turns, in one run, and prints one JSON line per row.
 *
 * `limit` and `ours` each answer one value per row id. A first round of both is not counted: it warms code and files.
 * Repetitions end early when `seconds` are over, so that a slow machine measures less often and not for longer.
 */
export async function compare({ rows, limit, ours, repetitions = 5, seconds = 6, warmUp = true }) {
  const measured = await interleave({ limit, ours, repetitions, seconds, warmUp }).catch(absent);
  for (const row of rows) print(measured instanceof NotPresent ? { ...row, missing: measured.message } : toRow(row, measured));
}

function absent(error) {
  if (error instanceof NotPresent) return error;
  throw error;
}

async function interleave({ limit, ours, repetitions, seconds, warmUp }) {
  // Ours first: where a part is not there, the limit need not be measured.
  if (warmUp) await ours();
  if (warmUp) await limit();
  const until = performance.now() + seconds * 1000;
  const pairs = [];
  while (pairs.length < repetitions && (pairs.length === 0 || performance.now() < until)) {
    const sides = [
      ["ours", ours],
      ["limit", limit],
    ];
    // Whoever goes second meets a warmer or a more crowded machine: take turns.
    if (pairs.length % 2 === 1) sides.reverse();
    const pair = {};
    for (const [side, measure] of sides) pair[side] = await measure();
    pairs.push(pair);
  }
  return pairs;
}

function toRow(row, pairs) {
  const ours = summarize(pairs.map((pair) => pair.ours[row.id]));
  const limit = summarize(pairs.map((pair) => pair.limit[row.id]));
  return { ...row, ours, limit, ratio: ours.median / limit.median, repetitions: pairs.length };
}

function print(row) {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}
