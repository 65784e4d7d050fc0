import { openSync, readdirSync, readFileSync } from "node:fs";

const closeOnExec = 0o2000000;
let covers: readonly ("ignore" | number)[] | undefined;

/**
 * What stands behind the first three descriptors of a child. Node closes its own for children, but not each one that it
 * was itself started with: where such a one is left, the child finds `/dev/null` in its place.
 */
export function coveredDescriptors(): readonly ("ignore" | number)[] {
  return (covers ??= cover(strayDescriptors()));
}

function cover(strays: readonly number[]): ("ignore" | number)[] {
  if (strays.length === 0) return [];
  // Open as long as this process lives; it is closed in children itself.
  const empty = openSync("/dev/null", "r+");
  const last = Math.max(...strays);
  return Array.from({ length: last - 2 }, (_, index) => (strays.includes(index + 3) ? empty : "ignore"));
}

/** Our descriptors above 2 that a child would get. Other systems than Linux close them all by themselves. */
function strayDescriptors(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd").flatMap((name) => {
    const descriptor = Number(name);
    if (descriptor < 3) return [];
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1"))?.[1];
      return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0 ? [descriptor] : [];
    } catch {
      // The one that the list was read with.
      return [];
    }
  });
}
