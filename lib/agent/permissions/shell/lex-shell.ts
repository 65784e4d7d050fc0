import { type Lexed, type Redirection, type SimpleCommand, Unlexable, type Word } from "./words.js";

/** Longer texts are not taken apart. */
const shellBytes = 8 * 1024;
const depthLimit = 16;
/** Each command of a pipe knows all before it: what is kept grows with the square of their number. */
const writersLimit = 128;

/**
 * Takes a shell text apart into its simple commands, those inside substitutions included. It knows quotes, escapes,
 * lists, pipes, groups, redirections, here-documents and substitutions, and `if`, `while`, `until` and `for`; whatever
 * else a shell can do, it refuses.
 */
export function lexShell(text: string): Lexed {
  if (Buffer.byteLength(text) > shellBytes) return { ok: false, why: `it is longer than ${shellBytes} bytes` };
  const commands: SimpleCommand[] = [];
  try {
    const lexer = new Lexer(text, 0, commands);
    lexer.list(undefined);
  } catch (error) {
    if (!(error instanceof Unlexable)) throw error;
    return { ok: false, why: error.message };
  }
  return { ok: true, commands };
}

/** Words after which a command begins as after a `;`. */
const introductions = new Set(["!", "then", "else", "elif", "do", "if", "while", "until", "{", "}", "fi", "done"]);
const unknownGrammar = new Set(["case", "esac", "select", "function", "coproc", "[[", "in"]);

/** Longer ones first. */
const redirectionOperators = ["<<<", "<<-", "<<", "<>", "<&", "<", "&>>", "&>", ">>", ">|", ">&", ">"];

/** What the next command reads from. */
interface Pipe {
  readonly isOpen: boolean;
  readonly writers: readonly SimpleCommand[];
}

/** An open here-document: its body begins at the next line. */
interface HereDocument {
  readonly delimiter: string;
  readonly stripsTabs: boolean;
  readonly expands: boolean;
}

class Lexer {
  readonly #text: string;
  readonly #depth: number;
  readonly #found: SimpleCommand[];
  readonly #hereDocuments: HereDocument[] = [];
  #at: number;

  constructor(text: string, depth: number, found: SimpleCommand[], at = 0) {
    if (depth > depthLimit) throw new Unlexable("it is nested too deeply");
    this.#text = text;
    this.#depth = depth;
    this.#found = found;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** Commands up to the closing sign, which is consumed, or to the end of the text. */
  list(closer: ")" | undefined): void {
    let pipe: Pipe = { isOpen: false, writers: [] };
    for (;;) {
      this.#blanks();
      if (this.#at >= this.#text.length) {
        if (closer !== undefined) throw new Unlexable("a group is not closed");
        if (this.#hereDocuments.length > 0) throw new Unlexable("a here-document is not closed");
        return;
      }
      const sign = this.#text[this.#at];
      const from = this.#at;
      const writers = [...pipe.writers];
      if (sign === ")") {
        if (closer === undefined) throw new Unlexable("a parenthesis closes nothing");
        this.#at += 1;
        return;
      }
      if (sign === "(") {
        if (this.#text.startsWith("((", this.#at)) throw new Unlexable("arithmetic is not understood");
        const start = this.#found.length;
        this.#at += 1;
        this.list(")");
        // A group's commands all write to what follows its pipe, and its redirections hold for all of them.
        const group = this.#found.slice(start);
        const trailing = this.#simple(pipe);
        if (trailing) {
          if (trailing.words.length > 0) throw new Unlexable("words follow a group");
          this.#found.push(trailing);
        }
        writers.push(...group);
      } else {
        const command = this.#simple(pipe);
        if (command) {
          this.#found.push(command);
          writers.push(command);
        }
      }
      const isOpen = this.#isPipe();
      if (this.#at === from) throw new Unlexable(`${JSON.stringify(sign)} is not understood`);
      if (isOpen && writers.length > writersLimit) throw new Unlexable(`more than ${writersLimit} commands write into one pipe`);
      pipe = { isOpen, writers: isOpen ? writers : [] };
    }
  }

  /** Consumes the sign between two commands; true for a pipe. */
  #isPipe(): boolean {
    this.#blanks();
    const text = this.#text;
    for (const sign of ["&&", "||", ";;", "|&", "|", ";", "&", "\n"]) {
      if (!text.startsWith(sign, this.#at)) continue;
      if (sign === ";;") throw new Unlexable("case is not understood");
      this.#at += sign.length;
      if (sign === "\n") this.#bodies();
      const isPipe = sign === "|" || sign === "|&";
      // The reader of a pipe may stand on the next line.
      if (isPipe) this.#lineEnds();
      return isPipe;
    }
    return false;
  }

  #lineEnds(): void {
    for (this.#blanks(); this.#text[this.#at] === "\n"; this.#blanks()) {
      this.#at += 1;
      this.#bodies();
    }
  }

  #simple(pipe: Pipe): SimpleCommand | undefined {
    const assignments: string[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    let start = this.#at;
    let end = this.#at;
    for (;;) {
      this.#blanks();
      const redirection = this.#redirection();
      if (redirection) {
        redirections.push(redirection);
        end = this.#at;
        continue;
      }
      if (this.#at >= this.#text.length || /[;&|()\n]/.test(this.#text[this.#at] ?? "")) break;
      const word = this.#word();
      end = this.#at;
      if (words.length === 0) {
        const isPlain = word.raw === word.value && !word.expands;
        if (unknownGrammar.has(word.raw)) throw new Unlexable(`${word.value} is not understood`);
        if (isPlain && word.value === "for") return this.#forHeader(start);
        if (isPlain && introductions.has(word.value) && assignments.length === 0 && redirections.length === 0) {
          this.#blanks();
          start = this.#at;
          continue;
        }
        if (/^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(word.raw)) {
          if (this.#text[this.#at] === "(") throw new Unlexable("arrays are not understood");
          assignments.push(word.raw);
          continue;
        }
        if (/^[A-Za-z_][A-Za-z0-9_]*\[/.test(word.raw) && word.raw.includes("=")) throw new Unlexable("arrays are not understood");
      }
      words.push(word);
    }
    // name() { … } defines what a later word does.
    if (words.length > 0 && this.#text[this.#at] === "(") throw new Unlexable("a function or a pattern is not understood");
    if (words.length === 0 && redirections.length === 0 && assignments.length === 0) return undefined;
    return { text: this.#text.slice(start, end).trim(), assignments, words, redirections, isPiped: pipe.isOpen, pipedFrom: pipe.writers };
  }

  /** `for NAME in WORDS`: no command by itself, but its words may hold some. */
  #forHeader(start: number): undefined {
    for (;;) {
      this.#blanks();
      const sign = this.#text[this.#at] ?? "";
      if (sign === "" || sign === ";" || sign === "\n") return undefined;
      if (/[&|()<>]/.test(sign)) throw new Unlexable(`for is not understood: ${this.#text.slice(start, this.#at)}`);
      this.#word();
    }
  }

  #redirection(): Redirection | undefined {
    // A descriptor's number, or a variable that is to hold one, may stand before it.
    const prefix = /^(?:\d+|\{[A-Za-z_][A-Za-z0-9_]*\})/.exec(this.#text.slice(this.#at, this.#at + 80))?.[0] ?? "";
    const start = this.#at + prefix.length;
    const operator = redirectionOperators.find((sign) => this.#text.startsWith(sign, start));
    // <( and >( begin a word.
    if (operator === undefined || (operator.length === 1 && this.#text[start + 1] === "(")) return undefined;
    this.#at = start + operator.length;
    this.#blanks();
    if (this.#at >= this.#text.length || /[;&|()\n]/.test(this.#text[this.#at] ?? "")) throw new Unlexable("a redirection leads nowhere");
    const target = this.#word();
    if (operator === "<<" || operator === "<<-") {
      if (target.expands) throw new Unlexable("a here-document's end is not plain");
      this.#hereDocuments.push({ delimiter: target.value, stripsTabs: operator === "<<-", expands: target.raw === target.value });
    }
    return { operator, target };
  }

  /** The bodies of the here-documents of the line that has just ended. */
  #bodies(): void {
    for (const { delimiter, stripsTabs, expands } of this.#hereDocuments.splice(0)) {
      let body = "";
      for (let closed = false; !closed; ) {
        if (this.#at >= this.#text.length) throw new Unlexable("a here-document is not closed");
        const lineEnd = this.#text.indexOf("\n", this.#at);
        const line = this.#text.slice(this.#at, lineEnd < 0 ? undefined : lineEnd);
        this.#at = lineEnd < 0 ? this.#text.length : lineEnd + 1;
        closed = (stripsTabs ? line.replace(/^\t+/, "") : line) === delimiter;
        if (!closed) body += `${line}\n`;
      }
      if (expands) new Lexer(body, this.#depth + 1, this.#found).#quoted("");
    }
  }

  #blanks(): void {
    for (;;) {
      if (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at += 1;
      else if (this.#text.startsWith("\\\n", this.#at)) this.#at += 2;
      else break;
    }
    // A comment begins where a word could.
    const before = this.#text[this.#at - 1];
    if (this.#text[this.#at] !== "#" || (before !== undefined && !/[\s;&|()]/.test(before))) return;
    const lineEnd = this.#text.indexOf("\n", this.#at);
    this.#at = lineEnd < 0 ? this.#text.length : lineEnd;
  }

  #word(): Word {
    const start = this.#at;
    let value = "";
    let expands = false;
    for (; this.#at < this.#text.length; ) {
      const sign = this.#text[this.#at] ?? "";
      if (/[\s;&|()]/.test(sign)) break;
      if (sign === "<" || sign === ">") {
        if (this.#text[this.#at + 1] !== "(") break;
        this.#at += 2;
        this.#inner();
        expands = true;
      } else if (sign === "\\") {
        if (this.#text[this.#at + 1] === undefined) throw new Unlexable("it ends in a backslash");
        if (this.#text[this.#at + 1] !== "\n") value += this.#text[this.#at + 1] ?? "";
        this.#at += 2;
      } else if (sign === "'") {
        const close = this.#text.indexOf("'", this.#at + 1);
        if (close < 0) throw new Unlexable("a quote is not closed");
        value += this.#text.slice(this.#at + 1, close);
        this.#at = close + 1;
      } else if (sign === '"') {
        this.#at += 1;
        const part = this.#quoted('"');
        value += part.value;
        expands ||= part.expands;
      } else if (sign === "$" || sign === "`") {
        const part = this.#dollar(false);
        value += part.value;
        expands ||= part.expands;
      } else {
        // Names of files, braces and the tilde are filled in by the shell.
        if (/[*?[\]{}]/.test(sign) || (sign === "~" && this.#at === start)) expands = true;
        if (this.#text.charCodeAt(this.#at) < 32 && sign !== "\t") throw new Unlexable("it holds a control character");
        value += sign;
        this.#at += 1;
      }
    }
    const raw = this.#text.slice(start, this.#at);
    if (raw === "") throw new Unlexable(`${JSON.stringify(this.#text[this.#at] ?? "")} is not expected`);
    // A lone brace groups commands, and [ is a program.
    return { raw, value, expands: expands && raw !== "{" && raw !== "}" && raw !== "[" && raw !== "]" && raw !== "{}" };
  }

  /** Text up to the closing sign, or to the end of the text when there is none, as inside double quotes. */
  #quoted(closer: '"' | ""): { value: string; expands: boolean } {
    let value = "";
    let expands = false;
    while (this.#at < this.#text.length) {
      const sign = this.#text[this.#at] ?? "";
      if (sign === closer) {
        this.#at += 1;
        return { value, expands };
      }
      if (sign === "\\") {
        const next = this.#text[this.#at + 1] ?? "";
        if (next !== "\n") value += /[$`"\\]/.test(next) ? next : `\\${next}`;
        this.#at += 2;
      } else if (sign === "$" || sign === "`") {
        const part = this.#dollar(true);
        value += part.value;
        expands ||= part.expands;
      } else {
        value += sign;
        this.#at += 1;
      }
    }
    if (closer !== "") throw new Unlexable("a quote is not closed");
    return { value, expands };
  }

  /** What `$` or a backtick begins. */
  #dollar(inQuotes: boolean): { value: string; expands: boolean } {
    const text = this.#text;
    if (text[this.#at] === "`") return this.#backticks();
    const next = text[this.#at + 1] ?? "";
    if (text.startsWith("$((", this.#at)) {
      this.#at += 3;
      this.#arithmetic();
    } else if (next === "(") {
      this.#at += 2;
      this.#inner();
    } else if (next === "{") {
      this.#at += 2;
      this.#parameter();
    } else if (next === "'" && !inQuotes) {
      this.#at += 2;
      for (; text[this.#at] !== "'"; this.#at += text[this.#at] === "\\" ? 2 : 1) {
        if (this.#at >= text.length) throw new Unlexable("a quote is not closed");
      }
      this.#at += 1;
    } else if (next === '"' && !inQuotes) {
      this.#at += 2;
      return this.#quoted('"');
    } else if (next === "[") {
      throw new Unlexable("arithmetic is not understood");
    } else {
      const name = /^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(text.slice(this.#at, this.#at + 256))?.[0];
      if (name === undefined) {
        this.#at += 1;
        return { value: "$", expands: false };
      }
      this.#at += name.length;
    }
    return { value: "", expands: true };
  }

  /** The commands of a substitution whose opening has been consumed. */
  #inner(): void {
    const lexer = new Lexer(this.#text, this.#depth + 1, this.#found, this.#at);
    lexer.list(")");
    if (lexer.#hereDocuments.length > 0) throw new Unlexable("a here-document is not closed");
    this.#at = lexer.at;
  }

  #backticks(): { value: string; expands: boolean } {
    let inner = "";
    for (this.#at += 1; this.#text[this.#at] !== "`"; this.#at += 1) {
      if (this.#at >= this.#text.length) throw new Unlexable("a backtick is not closed");
      if (this.#text[this.#at] === "\\" && /[\\`$]/.test(this.#text[this.#at + 1] ?? "")) this.#at += 1;
      inner += this.#text[this.#at] ?? "";
    }
    this.#at += 1;
    new Lexer(inner, this.#depth + 1, this.#found).list(undefined);
    return { value: "", expands: true };
  }

  #arithmetic(): void {
    for (let open = 2; open > 0; ) {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw new Unlexable("arithmetic is not closed");
      if (sign === "$" || sign === "`") {
        this.#dollar(true);
        continue;
      }
      if (sign === "'" || sign === '"' || sign === "\\") throw new Unlexable("arithmetic is not understood");
      if (sign === "(") open += 1;
      if (sign === ")") open -= 1;
      this.#at += 1;
    }
  }

  #parameter(): void {
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw new Unlexable("a brace is not closed");
      if (sign === "}") break;
      if (sign === "'") throw new Unlexable("a quote inside an expansion is not understood");
      if (sign === '"') {
        this.#at += 1;
        this.#quoted('"');
      } else if (sign === "$" || sign === "`") this.#dollar(true);
      else this.#at += sign === "\\" ? 2 : 1;
    }
    // ${x@P} runs what its value holds.
    if (/@[A-Za-z]$/.test(this.#text.slice(Math.max(0, this.#at - 2), this.#at))) throw new Unlexable("an expansion is not understood");
    this.#at += 1;
  }
}
