/** A time span: `412 ms`, `3.1 s`, `4 m 05 s`, `2 h 10 m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${pad(Math.floor(ms / 1000) % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${pad(minutes % 60)} m` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Bytes in the unit that fits. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = count < 1 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1);
  return `${at === 0 ? count : (count / 1024 ** at).toFixed(1)} ${units[at]}`;
}

/** Dollars, finer where they are few. */
export function cost(usd: number): string {
  return `$${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`;
}

/** A time of the wire in the reader's own zone: the clock alone if it is of today. */
export function moment(time: string, nowMs: number): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString([], { hour12: false });
  return date.toDateString() === new Date(nowMs).toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}

/** `input_tokens: 12, output_tokens: 3` of a usage record, as one line; what there was none of is left out. */
export function usageLine(usage: Readonly<Record<string, unknown>>): string {
  return Object.entries(usage)
    .filter(([, value]) => typeof value === "number" && value > 0)
    .map(([name, value]) => `${(value as number).toLocaleString("en")} ${name.replaceAll("_", " ").replace(/ tokens$/, "")}`)
    .join(", ");
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
