import { invalidRequest, type Issue } from "./errors.js";
import { isObject } from "./plain-object.js";

/** What this file needs to know of a schema's issue; the schema library itself stays in the schema files. */
interface SchemaIssue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
  readonly expected?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly origin?: string;
  readonly values?: readonly unknown[];
  /** The member by which the members of a union are told apart, and the values that it may have. */
  readonly discriminator?: string;
  readonly options?: readonly unknown[];
  readonly keys?: readonly string[];
  readonly format?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

type ParseResult<Value> =
  | { readonly success: true; readonly data: Value }
  | { readonly success: false; readonly error: { readonly issues: readonly unknown[] } };

/** A schema as far as parsing goes. */
export interface Parser<Value> {
  safeParse(value: unknown, options?: { reportInput?: boolean }): ParseResult<Value>;
}

type Shortcut = (value: object) => object | undefined;
const shortcuts = new WeakMap<object, Shortcut>();

/**
 * Lets the schema of a strict object with nothing but optional members be parsed by the members that are there: a
 * request names a few of two dozen. What is not right in any way goes to the whole schema, which says why.
 */
export function parseByMembers(
  schema: object,
  membersOf: () => Readonly<Record<string, Parser<unknown>>>,
  isConsistent: (value: Readonly<Record<string, unknown>>) => boolean,
): void {
  shortcuts.set(schema, (value) => {
    const members = membersOf();
    const parsed: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const result = Object.hasOwn(members, name) ? members[name]?.safeParse(value[name as keyof typeof value]) : undefined;
      if (!result?.success) return undefined;
      parsed[name] = result.data;
    }
    return isConsistent(parsed) ? parsed : undefined;
  });
}

/** The value, of the schema's shape. @throws `invalid_request` with at most ten issues */
export function parseWith<Value>(schema: Parser<Value>, value: unknown): Value {
  const shortcut = isObject(value) ? shortcuts.get(schema)?.(value) : undefined;
  if (shortcut) return shortcut as Value;
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalidRequest((result.error.issues as readonly SchemaIssue[]).flatMap(toIssues).slice(0, 10));
}

function toIssues(issue: SchemaIssue): Issue[] {
  const path = issue.path.map((part) => shown(String(part))).join(".");
  const at = (code: Issue["code"], message: string): Issue[] => [{ path, code, message }];
  switch (issue.code) {
    case "unrecognized_keys":
      return (issue.keys ?? []).map((key) => ({
        path: path ? `${path}.${shown(key)}` : shown(key),
        code: "unknown_field",
        message: "is not a known field",
      }));
    case "invalid_type":
      if (issue.input === undefined) return at("required", "is required");
      return at("type", `must be ${article(issue.expected ?? "valid")}, got ${described(issue.input)}`);
    case "too_small":
    case "too_big":
      return at(...bounds(issue));
    case "invalid_value":
      return at(...oneOf(issue.values, issue.input));
    case "invalid_union": {
      const { discriminator, options, input } = issue;
      if (discriminator !== undefined && isObject(input)) return at(...oneOf(options, input[discriminator]));
      const first = issue.errors?.[0]?.[0];
      return first ? toIssues({ ...first, path: [...issue.path, ...first.path] }) : at("format", "is not valid");
    }
    case "custom":
      return at((issue.params?.["issue"] as Issue["code"] | undefined) ?? "format", issue.message);
    default:
      return at(
        "format",
        `${issue.message.startsWith("must") ? issue.message : "is not in the expected form"}, got ${described(issue.input)}`,
      );
  }
}

function oneOf(values: readonly unknown[] = [], input: unknown): [Issue["code"], string] {
  const list = values.map((value) => JSON.stringify(value)).join(", ");
  return input === undefined ? ["required", `is required: one of ${list}`] : ["format", `must be one of ${list}, got ${described(input)}`];
}

function bounds(issue: SchemaIssue): [Issue["code"], string] {
  const low = issue.code === "too_small";
  const limit = low ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  const plural = Number(low ? issue.minimum : issue.maximum) === 1 ? "" : "s";
  if (issue.origin === "string") return ["length", `must have ${limit} character${plural}`];
  if (issue.origin === "array" || issue.origin === "set") return ["length", `must have ${limit} item${plural}`];
  return ["range", `must be ${limit}, got ${described(issue.input)}`];
}

/** Short, on one line, and only what it is when it is long: a detail never repeats over-long input. */
function described(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return value.length <= 32 ? JSON.stringify(value) : `text of ${value.length} characters`;
  return Array.isArray(value) ? "an array" : article(typeof value);
}

function article(noun: string): string {
  const name = noun === "int" ? "integer" : noun;
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

/** A name from outside, cut and made harmless for terminals and logs. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64)).slice(1, -1);
}
