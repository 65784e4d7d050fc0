const keyBeginning = "-----BEGIN ";

/** Credentials that are known by their looks: a name for what is shown instead, the pattern, and how they begin; they go on as long as their word does. */
export const wellKnown: readonly { readonly name: string; readonly shape: string; readonly begins: readonly string[] }[] = [
  {
    name: "anode_token",
    shape: String.raw`anode_(?:at_(?:\d{1,5}_)?|rt_)?[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])`,
    begins: ["anode_"],
  },
  { name: "api_key", shape: String.raw`\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}`, begins: ["sk-"] },
  {
    name: "github_token",
    shape: String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})`,
    begins: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
  },
  { name: "gitlab_token", shape: String.raw`\bglpat-[A-Za-z0-9_-]{20,}`, begins: ["glpat-"] },
  { name: "slack_token", shape: String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`, begins: ["xox"] },
  { name: "aws_key", shape: String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`, begins: ["AKIA", "ASIA"] },
  { name: "google_key", shape: String.raw`\bAIza[A-Za-z0-9_-]{35}`, begins: ["AIza"] },
  { name: "npm_token", shape: String.raw`\bnpm_[A-Za-z0-9]{36}`, begins: ["npm_"] },
  {
    name: "private_key",
    shape: String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?`,
    begins: [keyBeginning],
  },
];

const beginnings = wellKnown.flatMap(({ begins }) => begins);
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
    if (beginnings.some((one) => rest.startsWith(one) || one.startsWith(rest))) return from + index;
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
