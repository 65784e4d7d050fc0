import { invalidRequest, type Issue } from "./errors.js";

/**
 * The input as text may enter: half a character becomes U+FFFD, in names of members too. What needs no change is not copied.
 * @throws `invalid_request` for U+0000, which is no text, naming each place
 */
export function wellFormed<Value>(input: Value): Value {
  const issues: Issue[] = [];
  const checked = checkedAt("", input, issues) as Value;
  if (issues.length > 0) throw invalidRequest(issues.slice(0, 10));
  return checked;
}

function checkedAt(path: string, value: unknown, issues: Issue[]): unknown {
  if (typeof value === "string") return checkedText(path, value, issues);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => checkedAt(within(path, String(index)), item, issues));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const members = Object.entries(value);
  const checked = members.map(([name, member]): [string, unknown] => {
    const at = within(path, name);
    return [checkedText(at, name, issues), checkedAt(at, member, issues)];
  });
  const isSame = checked.every(([name, member], index) => name === members[index]?.[0] && member === members[index][1]);
  return isSame ? value : Object.fromEntries(checked);
}

function checkedText(path: string, text: string, issues: Issue[]): string {
  if (text.includes("\u0000")) issues.push({ path, code: "format", message: "must not contain U+0000" });
  return text.toWellFormed();
}

/** A name from outside, cut and made harmless for terminals and logs. */
function within(path: string, name: string): string {
  const shown = JSON.stringify(name.slice(0, 64)).slice(1, -1);
  return path === "" ? shown : `${path}.${shown}`;
}
