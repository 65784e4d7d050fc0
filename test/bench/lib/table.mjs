const widths = [24, 26, 26, 8, 8, 6];

/** `against` is what the third column holds: a limit or a peer. */
export function formatHead(against) {
  return columns(["row", "ours [min..max]", `${against} [min..max]`, "ratio", "goal", "met"], "what");
}

/** One line: ours, its limit, their ratio, the goal for it. */
export function formatRow({ id, title, unit, better, goal, missing, ours, limit, ratio }) {
  const sign = better === "higher" ? "≥" : "≤";
  const goalText = `${sign} ${short(goal)}`;
  if (missing !== undefined) return columns([id, `not present: ${missing}`, "", "", goalText, ""], `${title}, ${unit}`);
  const met = better === "higher" ? ratio >= goal : ratio <= goal;
  return columns([id, spread(ours), spread(limit), ratio.toPrecision(3), goalText, met ? "yes" : "no"], `${title}, ${unit}`);
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
