import fc from "fast-check";
import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { createSseParser } from "../../adapters/client/sse-reader.js";
import type { Handle } from "../../adapters/http/index.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { anyText } from "../support/any-text.js";
import { rawLineEnds } from "../support/mutants/wrong-doors.js";
import { randomStream } from "./corpus/sse.js";
import { stringCorpus } from "./corpus/strings.js";
import { readPart, streamServer } from "./support/stream-server.js";
import { integerOf, randomOf, trials } from "./support/trials.js";

interface Message {
  readonly id?: string;
  readonly data?: string;
}
type Parse = (chunks: readonly Uint8Array[]) => Message[];

const ours: Parse = (chunks) => {
  const parse = createSseParser();
  return chunks.flatMap((chunk) => parse(chunk));
};

const theirs: Parse = (chunks) => {
  const messages: Message[] = [];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = createParser({ onEvent: ({ id, data }) => messages.push({ ...(id !== undefined && { id }), data }) });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  return messages;
};

/** The bytes in pieces of random length. */
function pieces(bytes: Uint8Array, random: () => number, longest: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + integerOf(random, longest);
    found.push(bytes.subarray(at, at + size));
    at += size;
  }
  return found;
}

/** Sends the texts as events and reads them back in every form and with both parsers; answers what did not come through. */
async function lostTexts(texts: readonly string[], random: () => number, wrap?: (handle: Handle) => Handle): Promise<string[]> {
  const executor = functionExecutor(async ({ emit }) => {
    for (const text of texts) await emit("assistant.message", { message_id: text.slice(0, 64), text });
  });
  const server = await streamServer({ executor, ...(wrap && { wrap }) });
  const run = await server.manager.start({ prompt: "talk" });
  await run.done();
  const read = async (accept: string): Promise<Buffer> =>
    (await readPart(server.at, `/runs/${run.id}/events`, `Accept: ${accept}\r\n`)).body;
  const sse = pieces(await read("text/event-stream"), random, 4_096);
  const carried: Record<string, readonly (string | undefined)[]> = {
    "our parser": ours(sse).map(({ data }) => data),
    "another parser": theirs(sse).map(({ data }) => data),
    lines: (await read("application/x-ndjson")).toString("utf8").split("\n").slice(0, -1),
  };
  return Object.entries(carried).flatMap(([way, lines]) => {
    const got = lines.flatMap(textOf);
    return texts.flatMap((text, at) => (got[at] === text.toWellFormed() ? [] : [`${way}: ${JSON.stringify(text).slice(0, 100)}`]));
  });
}

function textOf(line: string | undefined): string[] {
  try {
    const { type, payload } = JSON.parse(line ?? "") as { type: string; payload: { text: string } };
    return type === "assistant.message" ? [payload.text] : [];
  } catch {
    return [];
  }
}

describe("any text in an event", () => {
  it("arrives unchanged as SSE and as NDJSON, in two independent parsers, lone surrogates replaced", async () => {
    const { seed, random } = randomOf("strings");
    const generated = fc.sample(fc.oneof(anyText(), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary-ascii" })), {
      numRuns: trials(5_000, 100_000),
      seed,
    });
    const all = [...stringCorpus, ...generated];
    for (let at = 0; at < all.length; at += 5_000) expect(await lostTexts(all.slice(at, at + 5_000), random)).toEqual([]);
    console.log(`${all.length} texts, 0 violations, seed ${seed}`);
  });

  it("would be lost, and found lost, where a line end of a text is written as one of the stream", async () => {
    const { random } = randomOf("raw line ends");
    expect(await lostTexts(["a\nb", "plain"], random, rawLineEnds)).not.toEqual([]);
  });
});

/** Streams that a parser reads otherwise than another one does. */
function disagreements(parse: Parse, count: number, random: () => number): string[] {
  const found: string[] = [];
  for (let n = 0; n < count && found.length < 3; n += 1) {
    const text = randomStream(random);
    const bytes = new TextEncoder().encode(text);
    // Blocks without data only move the cursor; the other parser does not tell of them.
    const told = (messages: readonly Message[]): string => JSON.stringify(messages.filter(({ data }) => data !== undefined));
    if (told(parse(pieces(bytes, random, 3))) !== told(theirs([bytes]))) found.push(JSON.stringify(text));
  }
  return found;
}

describe("the parser of event streams", () => {
  it("reads random streams as another parser does, cut anywhere", () => {
    const { random } = randomOf("streams");
    expect(disagreements(ours, trials(3_000, 100_000), random)).toEqual([]);
  });

  it("reads a stream of 40 events the same wherever it is cut in two", async () => {
    const text = Array.from({ length: 40 }, (_, n) => `id: ${n}\r\ndata: {"t":"é\u{1f600}${n}"}\r${n % 2 ? "\n\r\n" : "\r"}`).join("");
    const bytes = new TextEncoder().encode(text);
    const whole = JSON.stringify(ours([bytes]));
    expect(JSON.parse(whole)).toHaveLength(40);
    for (let cut = 1; cut < bytes.length; cut += 1) expect(JSON.stringify(ours([bytes.subarray(0, cut), bytes.subarray(cut)]))).toBe(whole);
  });

  it("would be found out if it knew LF alone as a line end", () => {
    const { random } = randomOf("line feeds");
    const lfOnly: Parse = (chunks) => {
      const text = Buffer.concat(chunks).toString("utf8");
      return text
        .split("\n\n")
        .slice(0, -1)
        .map((block) => ({ data: /^data: ?(.*)$/m.exec(block)?.[1] ?? "" }));
    };
    expect(disagreements(lfOnly, 200, random)).not.toEqual([]);
  });
});
