import { isObject } from "../../lib/plain-object.js";

/** A document as rows of a name and a text; what is nested is named by its path. */
export function statusRows(
  document: Readonly<Record<string, unknown>>,
  bytes: (count: number) => string,
  duration: (ms: number) => string,
  within = "",
): (readonly [name: string, text: string])[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const name = within + key;
    if (isObject(value)) return statusRows(value, bytes, duration, `${name}.`);
    return [[name, textOf(name, value)] as const];
  });

  function textOf(name: string, value: unknown): string {
    if (Array.isArray(value)) return value.map(String).join(", ");
    if (typeof value !== "number") return String(value);
    if (/bytes$/i.test(name)) return bytes(value);
    return /_ms\b|Ms$/.test(name) ? duration(value) : value.toLocaleString("en", { useGrouping: !/pid/.test(name) });
  }
}
