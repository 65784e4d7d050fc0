import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lexShell } from "../../../../lib/agent/permissions/shell/lex-shell.js";

/** The simple commands of a text, inner ones included, or why there are none. */
function texts(command: string): readonly string[] | string {
  const lexed = lexShell(command);
  return lexed.ok ? lexed.commands.map(({ text }) => text) : lexed.why;
}

const split: readonly (readonly [string, readonly string[]])[] = [
  ["ls", ["ls"]],
  ["  ls   -la  ", ["ls   -la"]],
  ["a; b && c || d & e\nf", ["a", "b", "c", "d", "e", "f"]],
  ["a | b |& c", ["a", "b", "c"]],
  ["a |\n  b", ["a", "b"]],
  ["a && # why\nb", ["a", "b"]],
  ["echo a#b # c; d", ["echo a#b"]],
  ["echo 'a; b' \"c && d\"", ["echo 'a; b' \"c && d\""]],
  ["echo a\\;b", ["echo a\\;b"]],
  ["echo a \\\n  b", ["echo a \\\n  b"]],
  ["(a; b) && { c; d; }", ["a", "b", "c", "d"]],
  ["echo $(a $(b))", ["b", "a $(b)", "echo $(a $(b))"]],
  ['echo "x $(a) y"', ["a", 'echo "x $(a) y"']],
  ["echo '$(a)'", ["echo '$(a)'"]],
  ["echo `a \\`b\\``", ["b", "a `b`", "echo `a \\`b\\``"]],
  ["diff <(a) <(b)", ["a", "b", "diff <(a) <(b)"]],
  ["a > >(b)", ["b", "a > >(b)"]],
  ["echo ${x:-$(a)}", ["a", "echo ${x:-$(a)}"]],
  ["echo $((1 + $(a)))", ["a", "echo $((1 + $(a)))"]],
  ["cat <<E | b\n$(a)\nE\nc", ["cat <<E", "b", "a", "c"]],
  ["cat <<'E'\n$(a)\nE\nc", ["cat <<'E'", "c"]],
  ["cat <<-E\n\tx\n\tE\nc", ["cat <<-E", "c"]],
  ["if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]],
  ["while a; do b; done < f", ["a", "b", "< f"]],
  ["for x in 1 $(a) 3; do b; done", ["a", "b"]],
  ["! a", ["a"]],
  ["X=1 Y=$(a) b", ["a", "X=1 Y=$(a) b"]],
  ["a 2>&1 >/dev/null", ["a 2>&1 >/dev/null"]],
  ["a <<< 'b; c'", ["a <<< 'b; c'"]],
  ["echo }", ["echo }"]],
  ["[ -f a ] && b", ["[ -f a ]", "b"]],
  ["", []],
  ["# only a comment", []],
];

const refused = [
  "echo 'a",
  'echo "a',
  "echo `a",
  "echo $(a",
  "echo ${a",
  "echo $((1",
  "(a",
  "a)",
  "a \\",
  "cat <<E\nx",
  "a >",
  "a > ; b",
  "case x in a) b;; esac",
  "f() { a; }",
  "function f { a; }",
  "[[ a == b ]]",
  "((x = 1))",
  "select x in a; do b; done",
  "coproc a",
  "x=(a b)",
  "x[0]=1 a",
  "echo a(b)",
  "echo !(a)",
  "echo $[1+1]",
  "echo ${x@P}",
  "echo ${x:-'}'}",
  "echo \r",
  "echo \u0001",
  `echo ${"x".repeat(8200)}`,
  "$(".repeat(40) + ")".repeat(40),
];

describe("lexShell", () => {
  it.each(split)("splits %j", (command, expected) => {
    expect(texts(command)).toEqual(expected);
  });

  it.each(refused)("refuses %j", (command) => {
    expect(texts(command)).toBeTypeOf("string");
  });

  it("gives words without quotes, and tells which of them the shell fills in", () => {
    const lexed = lexShell(`a "b c"'d' e\\ f "$x" *.ts $'g' {} "\\$y" ~/z`);
    expect(lexed.ok && lexed.commands[0]?.words.map(({ value, expands }) => [value, expands])).toEqual([
      ["a", false],
      ["b cd", false],
      ["e f", false],
      ["", true],
      ["*.ts", true],
      ["", true],
      ["{}", false],
      ["$y", false],
      ["~/z", true],
    ]);
  });

  it("tells what a command reads from", () => {
    const lexed = lexShell("a | (b; c) | d; e");
    expect(lexed.ok && lexed.commands.map(({ isPiped, pipedFrom, text }) => [text, isPiped, pipedFrom.map((from) => from.text)])).toEqual([
      ["a", false, []],
      ["b", false, []],
      ["c", false, []],
      ["d", true, ["a", "b", "c"]],
      ["e", false, []],
    ]);
  });

  it("refuses a pipe of so many commands that what each of them reads from would fill the memory", () => {
    const pipe = (count: number): string => Array.from({ length: count }, () => "a").join("|");
    expect(lexShell(pipe(129)).ok).toBe(true);
    expect(lexShell(pipe(130))).toEqual({ ok: false, why: "more than 128 commands write into one pipe" });
    // One after the other they write into nobody's.
    expect(lexShell("a;".repeat(4_000)).ok).toBe(true);
  });

  it("either splits or refuses whatever it is given, soon", () => {
    const bits = [
      "a",
      " ",
      "'",
      '"',
      "\\",
      "$",
      "(",
      ")",
      "{",
      "}",
      "`",
      "<",
      ">",
      "<<E\n",
      "E\n",
      "|",
      "&",
      ";",
      "\n",
      "#",
      "=",
      "[",
      "]",
      "1",
      "${",
      "$((",
      "!",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...bits), { maxLength: 40 }), (parts) => {
        expect(lexShell(parts.join("")).ok).toBeTypeOf("boolean");
      }),
      { numRuns: 3000 },
    );
  });
});
