type Document = Readonly<Record<string, unknown>>;

/** Lengths tried for the texts of a document that is too large, in UTF-16 units. */
const textLengths = [16_384, 4_096, 1_024, 256, 64];

const encoder = new TextEncoder();

/** Bytes of a value as JSON. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * The document in at most `limitBytes` of JSON. Its longest texts are cut at a code point; where that is not enough,
 * its longest list loses its end. `truncated` names what was cut, by its path.
 */
export function fit(document: Document, limitBytes: number): Document {
  if (jsonBytes(document) <= limitBytes) return document;
  let cut: Document = document;
  for (const length of textLengths) {
    cut = withShortTexts(document, length);
    if (jsonBytes(cut) <= limitBytes) return cut;
  }
  return withShortList(cut, limitBytes);
}

function withShortTexts(document: Document, length: number): Document {
  const truncated: string[] = [];
  const shorten = (value: unknown, path: string): unknown => {
    if (typeof value === "string") {
      if (value.length <= length) return value;
      truncated.push(path);
      return cutText(value, length);
    }
    if (typeof value !== "object" || value === null) return value;
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    if (Array.isArray(value)) return value.map((item, index) => shorten(item, below(String(index))));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, below(key))]));
  };
  return { ...(shorten(document, "") as Document), truncated };
}

function withShortList(document: Document, limitBytes: number): Document {
  const lists = Object.entries(document).filter(
    (entry): entry is [string, unknown[]] => entry[0] !== "truncated" && Array.isArray(entry[1]),
  );
  const [name, items] = lists.sort(([, a], [, b]) => jsonBytes(b) - jsonBytes(a))[0] ?? [];
  if (name === undefined || items === undefined) return { truncated: Object.keys(document) };
  let kept = items.length;
  const shortened = (): Document => ({ ...document, [name]: items.slice(0, kept), truncated: [name] });
  while (kept > 0 && jsonBytes(shortened()) > limitBytes) kept = Math.floor(kept / 2);
  return shortened();
}

/** At most `length` units, never half a code point. */
function cutText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
