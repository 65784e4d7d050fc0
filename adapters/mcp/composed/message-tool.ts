import * as z from "zod";
import { jsonBytes } from "../fit.js";
import { composedTool } from "./composed-tool.js";

type Document = Readonly<Record<string, unknown>>;

/** The texts of a message that can be longer than an answer. */
const longTexts: ReadonlySet<string> = new Set(["text", "answer.text", "answer.message"]);

/** Tool `message_get`: a message, whose text comes in parts when it is longer than one answer may be. */
export const messageGet = composedTool({
  description: "Read all of a message, also where it was cut. A long one comes in parts: go on with offset = next_offset.",
  input: z.strictObject({
    delivery_id: z.string().min(1).max(128),
    offset: z.int().min(0).exactOptional().describe("Where in the text to begin (default 0)"),
  }),
  async call(client, { delivery_id, offset = 0 }, { limitBytes }) {
    const message = await client.call("messages.get", { delivery_id });
    const longest = longestOf(message);
    // Halved until it fits: how many bytes a part of a text takes is not known before.
    for (let end = longest.length; ; end = betweenCharacters(longest, offset + Math.ceil((end - offset) / 2))) {
      const part = mapTexts(message, (text) => text.slice(offset, end));
      if (end - offset <= 2 || jsonBytes(part) <= limitBytes) return { ...part, ...(end < longest.length && { next_offset: end }) };
    }
  },
});

/** The place itself, or the one behind the character in whose middle it is. */
function betweenCharacters(text: string, place: number): number {
  return (text.codePointAt(place - 1) ?? 0) > 0xffff ? place + 1 : place;
}

function longestOf(message: Document): string {
  let longest = "";
  mapTexts(message, (text) => {
    if (text.length > longest.length) longest = text;
    return text;
  });
  return longest;
}

function mapTexts(document: Document, map: (text: string) => string, above = ""): Document {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => {
      if (name === "answer" && above === "") return [name, mapTexts(value as Document, map, "answer.")];
      return [name, typeof value === "string" && longTexts.has(above + name) ? map(value) : value];
    }),
  );
}
