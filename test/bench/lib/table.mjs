const widths = [24, 26, 26, 8, 8, 6];

/** `against` is what the third column holds: a limit or a peer. */
export function formatHead(against) {
  return columns(["row", "ours [min..max]", `${against} [min..max]`, "ratio", "goal", "met"], "what");
}

/** One line: ours, its limit, their ratio, the goal for it. */
export function formatRow({ id, title, unit, better, goal, missing, ours, limit, ratio }) {
  const goalText = goalOf(better, goal);
  if (missing !== undefined) return columns([id, `not present: ${missing}`, "", "", goalText, ""], `${title}, ${unit}`);
  return columns([id, spread(ours), spread(limit), ratio.toPrecision(3), goalText, isMet(ratio, better, goal)], `${title}, ${unit}`);
}

/** The same as the documents have it, with medians alone. */
export function markdownHead(against) {
  const names = against === "peer" ? ["row", "peer", "ours", "peer's"] : ["row", "ours", "limit"];
  const all = [...names, "unit", "ratio", "goal", "met"];
  return `| ${all.join(" | ")} |\n|${"---|".repeat(all.length)}`;
}

/** One line of it. */
export function markdownRow({ id, peer, unit, better, goal, missing, ours, limit, ratio }) {
  const figures =
    missing === undefined
      ? [short(ours.median), short(limit.median), unit, ratio.toPrecision(3), goalOf(better, goal), isMet(ratio, better, goal)]
      : [`not present: ${missing}`, "", unit, "", goalOf(better, goal), ""];
  return `| ${[id, ...(peer === undefined ? [] : [peer]), ...figures].join(" | ")} |`;
}

function goalOf(better, goal) {
  return `${better === "higher" ? "≥" : "≤"} ${short(goal)}`;
}

function isMet(ratio, better, goal) {
  return (better === "higher" ? ratio >= goal : ratio <= goal) ? "yes" : "no";
}

function columns(cells, last) {
  return [...cells.map((cell, i) => cell.padEnd(widths[i])), last].join(" ");
}

function spread({ median, min, max }) {
  return `${short(median)} [${short(min)}..${short(max)}]`;
}

/** Three digits that say something, with k or M. */
function short(value) {
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  return value >= 1e4 ? `${digits(value / 1e3)}k` : digits(value);
}

function digits(value) {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return String(Number(value.toFixed(Math.min(decimals, 4))));
}
