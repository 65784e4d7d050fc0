import { openShape, openSpelling, wellKnown } from "./secret-beginnings.js";

/** Takes known secrets and texts that look like ones out of everything that is kept or shown. A guard against accidents, no boundary. */
export interface Redaction {
  /** Adds secrets by name; answers the function that takes them off again. Short values are no secrets. */
  add(secrets: Readonly<Record<string, string>>): () => void;
  text(text: string): string;
  /** The same value without its secrets; itself when there are none. */
  value<T>(value: T): T;
  /**
   * Where a text that goes on ends in what may be the beginning of a secret; its length where it does not. A secret longer than
   * 4,096 units is not waited for.
   */
  heldFrom(text: string): number;
}

const shortest = 8;
const looksSecret = /TOKEN|SECRET|PASSW|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|_AUTH$/i;

/** What is waited for at most, in UTF-16 units: a private key of 4,096 bits is shorter. */
const longestHeld = 4_096;

/** Makes a redaction that knows the prefixes of well-known credentials and whatever is added. */
export function createRedaction(): Redaction {
  const added = new Set<Readonly<Record<string, string>>>();
  let names = new Map<string, string>();
  let pattern = patternOf(names);
  let spellings = new Map<string, string[]>();
  let longest = 0;

  function refresh(): void {
    names = new Map([...added].flatMap(Object.entries).flatMap(([name, secret]) => formsOf(secret).map((form) => [form, name])));
    pattern = patternOf(names);
    spellings = Map.groupBy(names.keys(), (form) => form.charAt(0));
    longest = Math.max(0, ...[...names.keys()].map((form) => form.length));
  }

  function heldFrom(all: string): number {
    const from = Math.max(0, all.length - longestHeld);
    const text = all.slice(from);
    const open = Math.min(openShape(text), openSpelling(text, spellings, longest));
    // A secret that is whole may end in what would begin another: it is not to be cut.
    if (open === text.length) return all.length;
    const cut = [...text.matchAll(pattern)].find(({ index, 0: found }) => index < open && index + found.length > open);
    return from + (cut?.index ?? open);
  }

  function text(original: string): string {
    if (original.length < shortest) return original;
    return original.replace(pattern, (found: string, ...rest: unknown[]) => {
      const groups = rest.at(-1) as Record<string, string | undefined>;
      const name = names.get(found) ?? wellKnown.find((_known, index) => groups[`w${index}`] !== undefined)?.name;
      return `[redacted:${name}]`;
    });
  }

  function value<T>(original: T): T {
    if (typeof original === "string") return text(original) as T;
    if (typeof original !== "object" || original === null) return original;
    if (Array.isArray(original)) {
      const items = original.map(value);
      return items.some((item, index) => item !== original[index]) ? (items as T) : original;
    }
    const entries = Object.entries(original).map(([key, item]) => [key, value(item)] as const);
    const isChanged = entries.some(([key, item]) => item !== (original as Record<string, unknown>)[key]);
    return isChanged ? (Object.fromEntries(entries) as T) : original;
  }

  return {
    add(secrets) {
      const own = { ...secrets };
      added.add(own);
      refresh();
      return () => {
        if (added.delete(own)) refresh();
      };
    },
    text,
    value,
    heldFrom,
  };
}

/** The variables of an environment whose names look secret. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const secret = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && looksSecret.test(entry[0]));
  return Object.fromEntries(secret);
}

/** How a secret may be spelled: raw, inside JSON, in base64 and percent-encoded. */
function formsOf(secret: string): string[] {
  if (secret.length < shortest) return [];
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    encodeURIComponent(secret.toWellFormed()),
  ];
  return [...new Set(forms)];
}

/** One pattern for all: longer spellings first, so that no secret is left half shown. */
function patternOf(names: ReadonlyMap<string, string>): RegExp {
  const known = [...names.keys()]
    .toSorted((a, b) => b.length - a.length)
    .map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  const shapes = wellKnown.map(({ shape }, index) => `(?<w${index}>${shape})`);
  return new RegExp([...known, ...shapes].join("|"), "g");
}
