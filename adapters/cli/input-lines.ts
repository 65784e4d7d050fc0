import { isObject } from "../../lib/plain-object.js";
import { misuse } from "./command-line.js";

/** The longest line: the longest text of the contract, with room for escapes. */
const limitUnits = 4 * 1024 * 1024;
const form = '{"type":"user","text":"…"} or {"type":"user","message":{"role":"user","content":[{"type":"text","text":"…"}]}}';

/**
 * The texts of the JSON lines of a stream, one input each.
 * @throws `invalid_request` naming the line that is none
 */
export async function* readInputLines(stdin: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  let count = 0;
  for await (const line of linesOf(stdin)) {
    count += 1;
    const text = textOf(line);
    if (text === undefined) throw misuse(`Line ${count} of standard input must be ${form}.`);
    yield text;
  }
}

async function* linesOf(stdin: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of stdin) {
    const lines = (rest + decoded(() => (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true })))).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > limitUnits) throw misuse(`A line of standard input must be at most ${limitUnits / 1024 / 1024} MiB.`);
  }
  rest += decoded(() => decoder.decode());
  if (rest !== "") yield rest;
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw misuse("Standard input must be UTF-8.");
  }
}

/** The text of one line, or `undefined` when it is no input. */
function textOf(line: string): string | undefined {
  const input = toObject(parsed(line));
  if (input?.["type"] !== "user" || ("text" in input && "message" in input)) return undefined;
  const text = "text" in input ? input["text"] : messageText(toObject(input["message"]));
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
}

function messageText(message: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const content = message?.["content"];
  if (message?.["role"] !== "user" || !Array.isArray(content)) return undefined;
  const parts = content.map(toObject).map((part) => (part?.["type"] === "text" ? part["text"] : undefined));
  return parts.every((part) => typeof part === "string") ? parts.join("\n") : undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function toObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isObject(value) ? value : undefined;
}
