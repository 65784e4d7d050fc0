/** Tells whether a whole text fits: `*` is any characters but a line end, `?` one. */
export function textGlob(pattern: string): (text: string) => boolean {
  const source = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, (sign) => (sign === "*" ? "[^\n]*" : sign === "?" ? "[^\n]" : `\\${sign}`));
  // Stars in a row mean one, and would only cost time.
  const compiled = new RegExp(`^${source.replaceAll(/(\[\^\n\]\*)+/g, "[^\n]*")}$`, "u");
  return (text) => compiled.test(text);
}
