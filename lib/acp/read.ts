import { isObject } from "../plain-object.js";

/** What an agent sends is read leniently: a field of another type is as good as absent. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; `undefined` for anything else. */
export function asFields(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined;
}

/** The value as a text. */
export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The value as a whole number from 0 on. */
export function asCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The objects of a list; none for anything else. */
export function asList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(asFields).filter((item) => item !== undefined) : [];
}

/** The value behind a path of names. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => asFields(inner)?.[name], value);
}
