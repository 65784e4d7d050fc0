/** Where a value stands in a JSON text, and its members or items with it. */
export interface Place {
  readonly start: number;
  /** Behind the last character. */
  readonly end: number;
  readonly value: unknown;
  /** Of an object: its members in their order; of an array: its items. */
  readonly members: readonly Member[];
}

/** A member of an object, or an item of an array, which has no key. */
export interface Member {
  /** Where it begins: at its key, where it has one. */
  readonly start: number;
  readonly end: number;
  readonly key?: string;
  readonly place: Place;
}

const blank = /[ \t\n\r]*/y;
const text = /"(?:[^"\\]|\\.)*"/y;
const plain = /[^\s,\]}]+/y;

/** Finds every value of a text. @throws SyntaxError when it is not JSON */
export function placesOf(json: string): Place {
  const value: unknown = JSON.parse(json);
  return placeAt(json, skip(json, 0), value);
}

/** The last member of this name: that is the one which counts. */
export function memberOf(place: Place | undefined, key: string): Member | undefined {
  return place?.members.findLast((member) => member.key === key);
}

/** The text is known to be JSON, so what comes next is told by its first character. */
function placeAt(json: string, start: number, value: unknown): Place {
  const open = json[start];
  if (open === '"') return { start, end: match(text, json, start), value, members: [] };
  if (open !== "{" && open !== "[") return { start, end: match(plain, json, start), value, members: [] };
  const close = open === "{" ? "}" : "]";
  const members: Member[] = [];
  let at = skip(json, start + 1);
  while (json[at] !== close) {
    const from = at;
    let key: string | undefined;
    if (open === "{") {
      at = match(text, json, at);
      key = JSON.parse(json.slice(from, at)) as string;
      // Behind the colon.
      at = skip(json, skip(json, at) + 1);
    }
    const inner = key === undefined ? (value as unknown[])[members.length] : (value as Record<string, unknown>)[key];
    const place = placeAt(json, at, inner);
    members.push({ start: from, end: place.end, place, ...(key !== undefined && { key }) });
    at = skip(json, place.end);
    if (json[at] === ",") at = skip(json, at + 1);
  }
  return { start, end: at + 1, value, members };
}

function skip(json: string, at: number): number {
  return match(blank, json, at);
}

function match(pattern: RegExp, json: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(json);
  return pattern.lastIndex;
}
