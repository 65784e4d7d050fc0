// How well-known credentials begin. They go on as long as their word does.
const beginnings = [
  "anode_",
  "sk-",
  "ghp_",
  "gho_",
  "ghu_",
  "ghs_",
  "ghr_",
  "github_pat_",
  "glpat-",
  "xox",
  "AKIA",
  "ASIA",
  "AIza",
  "npm_",
];
const keyBeginning = "-----BEGIN ";
const keyOpen = /^-----BEGIN [A-Z ]*(?:$|PRIVATE KEY(?:-{0,4}$|-----))/;
const keyEnd = /-----END [A-Z ]*-----/;
const wordUnit = /[\w-]/;
const wordStart = /(?<!\w)(?=[\w-])/g;

/**
 * Where a text ends in what may be the beginning of a credential that is known by its looks; its length when it does not. For texts of
 * some kilobytes.
 */
export function openShape(text: string): number {
  const key = text.lastIndexOf(keyBeginning);
  if (key >= 0) {
    const rest = text.slice(key);
    if (keyOpen.test(rest) && !keyEnd.test(rest)) return key;
  }
  let from = text.length;
  while (from > 0 && wordUnit.test(text.charAt(from - 1))) from -= 1;
  const word = text.slice(from);
  for (const { index } of word.matchAll(wordStart)) {
    const rest = word.slice(index);
    if ([...beginnings, keyBeginning].some((one) => rest.startsWith(one) || one.startsWith(rest))) return from + index;
  }
  return text.length;
}

/** Where a text ends in the beginning of one of the spellings, which are given by their first letters; its length when it does not. */
export function openSpelling(text: string, spellings: ReadonlyMap<string, readonly string[]>, longest: number): number {
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at += 1) {
    const candidates = spellings.get(text[at] ?? "");
    if (candidates === undefined) continue;
    const rest = text.slice(at);
    if (candidates.some((one) => one.length > rest.length && one.startsWith(rest))) return at;
  }
  return text.length;
}
