/** The `Origin` and fetch metadata headers of a request, and whether they pass. */
export type OriginRow = readonly [headers: readonly string[], passes: boolean];

/** The foreign origins that the door of {@link originCorpus} has listed. */
export const listedOrigins = ["https://app.example", "https://app.example:8443"];

const O = (value: string): string[] => ["Origin", value];
const S = (value: string): string[] => ["Sec-Fetch-Site", value];

/** For a door on this port, whose own pages are those of 127.0.0.1 and localhost, and which has {@link listedOrigins}. */
export function originCorpus(port: number): readonly OriginRow[] {
  const own = `http://127.0.0.1:${port}`;
  return [
    [[], true],
    [O(own), true],
    [O(`http://localhost:${port}`), true],
    [O("https://app.example"), true],
    [O("https://app.example:8443"), true],
    [[...O("https://app.example"), ...S("cross-site")], true],
    [[...O("https://app.example"), ...S("same-site")], true],
    [[...O(own), ...S("same-origin")], true],
    [S("same-origin"), true],
    [S("none"), true],
    [O("null"), false],
    [O(""), false],
    [O("file://"), false],
    [O("http://evil.example"), false],
    [O("http://127.0.0.1"), false],
    [O(`http://127.0.0.1:${port + 1}`), false],
    [O(`http://127.0.0.1:${port}0`), false],
    [O(`https://127.0.0.1:${port}`), false],
    [O(`${own}.evil.example`), false],
    [O(`${own}@evil.example`), false],
    [O(`${own}/`), false],
    [O(`http://localhost:${port},http://evil.example`), false],
    [O(`http://127.1:${port}`), false],
    [O("http://app.example"), false],
    [O("https://app.example."), false],
    [O("https://app.example:443"), false],
    [O("https://APP.example"), false],
    [O("https://xapp.example"), false],
    [O("https://sub.app.example"), false],
    [O("https://app.example.evil.example"), false],
    [O("chrome-extension://abcdefgh"), false],
    [O("moz-extension://abcdefgh"), false],
    [O("vscode-webview://abcdefgh"), false],
    [O("capacitor://localhost"), false],
    [O("*"), false],
    [[...O(own), ...O(own)], false],
    [[...O("https://app.example"), ...O("http://evil.example")], false],
    [S("cross-site"), false],
    [S("same-site"), false],
    [S(""), false],
    [S("Same-Origin"), false],
    [S("bogus"), false],
    [[...S("same-origin"), ...S("same-origin")], false],
    [[...O(own), ...S("cross-site")], false],
    [[...O("https://app.example"), ...S("bogus")], false],
  ];
}
