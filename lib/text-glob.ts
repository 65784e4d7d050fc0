/** One sign of a pattern: it stands for one item, or as a star for any number of those that it is. */
export interface Sign<Item> {
  readonly isStar: boolean;
  is(item: Item): boolean;
}

const anySign = (sign: string): boolean => sign !== "\n";
export const star: Sign<string> = { isStar: true, is: anySign };
export const one: Sign<string> = { isStar: false, is: anySign };

/**
 * Tells whether a whole text fits: `*` is any characters but a line end, `?` one. The time is that of the text times the length of the
 * pattern, whatever they are: a regular expression of several stars may take for ever, and the text is often somebody else's.
 */
export function textGlob(pattern: string): (text: string) => boolean {
  const signs = [...pattern].map((sign) => (sign === "*" ? star : sign === "?" ? one : exactly(sign)));
  return (text) => fits(signs, [...text]);
}

/** The sign itself. */
export function exactly(sign: string): Sign<string> {
  return { isStar: false, is: (other) => other === sign };
}

/** Whether the signs stand for all of the items, in their order. */
export function fits<Item>(signs: readonly Sign<Item>[], items: readonly Item[]): boolean {
  let at = 0;
  /** The last star, and where what follows it is tried; an earlier star has nothing to gain by taking more. */
  let star: Sign<Item> | undefined;
  let behind = 0;
  let from = 0;
  for (let sign = 0; at < items.length || sign < signs.length; ) {
    const wanted = signs[sign];
    if (wanted?.isStar) {
      star = wanted;
      behind = sign += 1;
      from = at;
    } else if (at < items.length && wanted?.is(items[at] as Item)) {
      sign += 1;
      at += 1;
    } else if (from < items.length && star?.is(items[from] as Item)) {
      sign = behind;
      at = from += 1;
    } else return false;
  }
  return true;
}
