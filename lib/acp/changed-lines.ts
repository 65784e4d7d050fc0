/** How many lines came and went. */
export interface ChangedLines {
  readonly added: number;
  readonly removed: number;
}

/** Beyond this many comparisons the lines are not counted. */
const comparisons = 4_000_000;

/** The lines that differ between two texts; `undefined` when that is too much work. */
export function changedLines(before: string, after: string): ChangedLines | undefined {
  let [old, fresh] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  old = old.slice(head, old.length - tail);
  fresh = fresh.slice(head, fresh.length - tail);
  if (old.length * fresh.length > comparisons) return undefined;
  const kept = commonLines(old, fresh);
  return { added: fresh.length - kept, removed: old.length - kept };
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** Length of the longest common subsequence. */
function commonLines(old: readonly string[], fresh: readonly string[]): number {
  let above = new Uint32Array(fresh.length + 1);
  for (const line of old) {
    const row = new Uint32Array(fresh.length + 1);
    for (let at = 0; at < fresh.length; at += 1) {
      row[at + 1] = line === fresh[at] ? (above[at] ?? 0) + 1 : Math.max(above[at + 1] ?? 0, row[at] ?? 0);
    }
    above = row;
  }
  return above[fresh.length] ?? 0;
}
