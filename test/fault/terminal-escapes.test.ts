import { describe, expect, it } from "vitest";
import { createOutput } from "../../adapters/cli/output.js";
import { controlPoints, terminalAttacks } from "./corpus/terminal.js";
import { stringCorpus } from "./corpus/strings.js";

/** What comes to the terminal when this is written. */
function leaving(write: (output: ReturnType<typeof createOutput>) => void): string {
  let written = "";
  const sink = {
    isTTY: true,
    columns: 80,
    write: (part: string, done?: () => void) => {
      written += part;
      done?.();
    },
    on: () => sink,
    once: () => sink,
    off: () => sink,
  };
  write(createOutput({ stdout: sink, stderr: sink } as never));
  return written;
}

// Tab, newline, and what is neither a control character nor a mark that turns or hides text.
const allowed = /^[\t\n\x20-\x7e\u00a0-\u{10ffff}]*$/u;
const hidden = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const ways: readonly (readonly [string, (text: string) => (output: ReturnType<typeof createOutput>) => void])[] = [
  ["data", (text) => (output) => output.data(text)],
  ["JSON", (text) => (output) => output.json({ [text]: text })],
  ["a note", (text) => (output) => output.note(text)],
  ["an error", (text) => (output) => output.fail(new Error(text))],
];

const corpus = [...controlPoints.map((code) => `a${String.fromCodePoint(code)}b`), ...terminalAttacks, ...stringCorpus];
const escapes = (text: string): boolean => !allowed.test(text) || hidden.test(text.replaceAll("\u00ad", ""));

describe("the command line", () => {
  it.for(ways)("lets nothing out as %s that a terminal would obey or hide", ([, write]) => {
    expect(corpus.filter((text) => escapes(leaving(write(text))))).toEqual([]);
  });

  it("would be found out if it wrote what it was given", () => {
    const raw = corpus.filter(escapes);
    expect(raw.length).toBeGreaterThan(110);
    expect(terminalAttacks.filter((text) => !escapes(text))).toEqual([]);
  });
});
