import { invalidRequest, type Issue } from "./errors.js";

const mostDepth = 32;

/**
 * An input as it may enter, over every carrier: half a character becomes U+FFFD, in names of members too. What needs no
 * change is not copied.
 * @throws `invalid_request` naming each place, for U+0000, which is no text; a member `__proto__`; more than 32 levels
 */
export function wellFormed<Value>(input: Value): Value {
  if (isFine(input, 1)) return input;
  const issues: Issue[] = [];
  const checked = checkedAt("", input, issues, 1) as Value;
  if (issues.length > 0) throw invalidRequest(issues);
  return checked;
}

/** Nearly every input is: its places need no names. */
function isFine(value: unknown, depth: number): boolean {
  if (typeof value === "string") return isFineText(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth > mostDepth) return false;
  if (Array.isArray(value)) return value.every((item) => isFine(item, depth + 1));
  return Object.entries(value).every(([name, member]) => name !== "__proto__" && isFineText(name) && isFine(member, depth + 1));
}

function isFineText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

function checkedAt(path: string, value: unknown, issues: Issue[], depth: number): unknown {
  if (typeof value === "string") return checkedText(path, value, issues);
  if (typeof value !== "object" || value === null) return value;
  if (depth > mostDepth) {
    issues.push({ path, code: "length", message: `must have at most ${mostDepth} levels` });
    return value;
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => checkedAt(within(path, String(index)), item, issues, depth + 1));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  let isSame = true;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    const at = within(path, name);
    if (name === "__proto__") issues.push({ path: at, code: "unknown_field", message: "is not a known field" });
    const checked: [string, unknown] = [checkedText(at, name, issues), checkedAt(at, member, issues, depth + 1)];
    isSame &&= checked[0] === name && checked[1] === member;
    return checked;
  });
  return isSame ? value : Object.fromEntries(members);
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
