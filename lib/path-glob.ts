import { exactly, fits, one, type Sign, star } from "./text-glob.js";

/**
 * Tells whether a path fits: `*` is any characters of a name, `?` one, `[a-z]` and `[!a-z]` one of some, `**` any number of
 * names; `\` takes a sign's meaning away. Like a glob over a text it takes the time of the path, whoever made it.
 */
export function pathGlob(pattern: string): (path: string) => boolean {
  // At the beginning `**.ts` means any depth.
  const names = pattern
    .replace(/^\*\*(?=[^/*])/, "**/*")
    .split("/")
    .map(nameSign);
  return (path) => fits(names, path.split("/"));
}

const mostChoices = 64;

/** The patterns that one with choices in braces, `*.{ts,tsx}`, stands for. @throws Error for more than there may be */
export function choicesOf(pattern: string): string[] {
  const done: string[] = [];
  for (const left = [pattern]; left.length > 0; ) {
    const next = left.pop() as string;
    // The innermost braces first.
    const found = /\{([^{},]*(?:,[^{},]*)+)\}/.exec(next);
    if (!found) done.push(next);
    else for (const choice of (found[1] as string).split(",")) left.push(next.replace(found[0], () => choice));
    if (done.length + left.length > mostChoices) throw new Error(`${pattern} has more than ${mostChoices} choices`);
  }
  return done;
}

function nameSign(text: string): Sign<string> {
  if (text === "**") return { isStar: true, is: () => true };
  const signs = signsOf(text);
  // What has no name is nothing that a star would mean.
  return { isStar: false, is: (name) => (name === "" ? text === "" : fits(signs, [...name])) };
}

function signsOf(text: string): Sign<string>[] {
  const signs: Sign<string>[] = [];
  for (const [part = "", escaped, negation, set] of text.matchAll(/\\(.)|\[([!^]?)(\]?[^\]]*)\]|./gsu)) {
    if (escaped !== undefined) signs.push(exactly(escaped));
    else if (set !== undefined) signs.push(oneOf(set, negation !== ""));
    else signs.push(part === "*" ? star : part === "?" ? one : exactly(part));
  }
  return signs;
}

function oneOf(set: string, isNegated: boolean): Sign<string> {
  const ranges = [...set.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, only]) => [from ?? only, to ?? only] as [string, string]);
  return { isStar: false, is: (sign) => ranges.some(([from, to]) => from <= sign && sign <= to) !== isNegated };
}
