/**
 * Tells whether a whole text fits: `*` is any characters but a line end, `?` one. The time is that of the text times the length of the
 * pattern, whatever they are: a regular expression of several stars may take for ever, and the text is often somebody else's.
 */
export function textGlob(pattern: string): (text: string) => boolean {
  const signs = [...pattern];
  return (text) => fits(signs, [...text]);
}

function fits(signs: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  /** The last star, and where what follows it is tried; an earlier star has nothing to gain by taking more. */
  let star = -1;
  let from = 0;
  for (let sign = 0; at < text.length || sign < signs.length; ) {
    const wanted = signs[sign];
    if (wanted === "*") {
      star = sign++;
      from = at;
    } else if (at < text.length && (wanted === "?" ? text[at] !== "\n" : wanted === text[at])) {
      sign += 1;
      at += 1;
    } else if (star >= 0 && from < text.length && text[from] !== "\n") {
      sign = star + 1;
      at = ++from;
    } else return false;
  }
  return true;
}
