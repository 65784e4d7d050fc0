import type { Call } from "./call.js";

/** Header fields by lower-case name, each with all its values. */
export type HeaderMap = ReadonlyMap<string, readonly string[]>;

/** The map of raw header fields. */
export function readHeaders(rawHeaders: readonly string[]): HeaderMap {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const values = headers.get(name);
    if (values) values.push(value);
    else headers.set(name, [value]);
  }
  return headers;
}

/** The values of one field joined as HTTP allows; `undefined` when it is absent. */
export function joined(headers: HeaderMap, name: string): string | undefined {
  const values = headers.get(name);
  return values && (values.length === 1 ? values[0] : values.join(", "));
}

/** All values of one header of a call; `name` in lower case. What an `authenticate` function reads its credential with. */
export function headerValues(call: Pick<Call, "rawHeaders">, name: string): readonly string[] {
  const values: string[] = [];
  const raw = call.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const field = raw[i] as string;
    if (field.length === name.length && field.toLowerCase() === name) values.push(raw[i + 1] as string);
  }
  return values;
}

/** True when the request announces a body. */
export function announcesBody(headers: HeaderMap): boolean {
  if (headers.has("transfer-encoding")) return true;
  const lengths = headers.get("content-length");
  return lengths !== undefined && lengths.some((length) => !/^0+$/.test(length));
}
