import { isObject } from "../plain-object.js";

/** What a model's text turns out to be. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly name: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly type: "malformed"; readonly text: string };

const mark = "TOOL:";
const fence = /^\s{0,3}(```|~~~)/;

/**
 * Finds calls in text that arrives in pieces: lines that start with `TOOL:` outside code fences, followed by one JSON
 * object, which may go on over further lines. Text passes through as soon as it can be no call any more.
 */
export class TextCallParser {
  /** The line that has not ended, as far as it is held back or looked at for a fence. */
  #line = "";
  /** How much of that line has been passed on. */
  #passed = 0;
  #isFenced = false;
  /** A call whose object is not complete. */
  #call: string | undefined;

  push(text: string): Piece[] {
    const pieces: Piece[] = [];
    for (const part of text.split(/(?<=\n)/)) this.#take(part, pieces);
    return joined(pieces);
  }

  /** Nothing more comes: what is held back is what it is. */
  end(): Piece[] {
    if (this.#call !== undefined) {
      const text = this.#call;
      this.#call = undefined;
      return [toCall(text) ?? { type: "malformed", text }];
    }
    const rest = this.#line.slice(this.#passed);
    this.#line = "";
    this.#passed = 0;
    return rest === "" ? [] : [{ type: "text", text: rest }];
  }

  #take(part: string, pieces: Piece[]): void {
    if (this.#call !== undefined) return this.#collect(part, pieces);
    this.#line += part;
    if (!this.#isFenced && this.#line.startsWith(mark)) {
      const line = this.#line;
      this.#line = "";
      this.#passed = 0;
      this.#call = "";
      return this.#collect(line, pieces);
    }
    const isEnded = part.endsWith("\n");
    if (isEnded || this.#isFenced || !mark.startsWith(this.#line)) {
      const text = this.#line.slice(this.#passed);
      if (text !== "") pieces.push({ type: "text", text });
      this.#passed = this.#line.length;
    }
    if (!isEnded) return;
    if (fence.test(this.#line)) this.#isFenced = !this.#isFenced;
    this.#line = "";
    this.#passed = 0;
  }

  /** A call ends with its line, if its object is complete there or can be none. */
  #collect(part: string, pieces: Piece[]): void {
    this.#call += part;
    if (!part.endsWith("\n")) return;
    const text = this.#call as string;
    const body = text.slice(mark.length).trim();
    if (body.startsWith("{") && !isBalanced(body)) return;
    this.#call = undefined;
    pieces.push(toCall(text) ?? { type: "malformed", text });
  }
}

function toCall(text: string): Piece | undefined {
  try {
    const { name, args = {} } = JSON.parse(text.slice(mark.length)) as { name?: unknown; args?: unknown };
    if (typeof name !== "string" || !isObject(args)) return undefined;
    return { type: "call", name, args };
  } catch {
    return undefined;
  }
}

/** Whether the object that the text begins with is closed, braces inside strings left out. */
function isBalanced(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at];
    if (isInString && unit === "\\") at += 1;
    else if (unit === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (unit === "{") depth += 1;
    else if (unit === "}" && (depth -= 1) === 0) return true;
  }
  return false;
}

function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.type === "text" && last?.type === "text") result[result.length - 1] = { type: "text", text: last.text + piece.text };
    else result.push(piece);
  }
  return result;
}
