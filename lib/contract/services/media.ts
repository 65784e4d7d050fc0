import { AnodeError } from "../../errors.js";

/** The forms an event stream can take. */
export type StreamForm = "sse" | "ndjson" | "page";

const forms: readonly (readonly [string, StreamForm])[] = [
  ["text/event-stream", "sse"],
  ["application/x-ndjson", "ndjson"],
  ["application/json", "page"],
];

/**
 * The form a caller accepts best; without a wish it is SSE.
 * @throws `not_acceptable`
 */
export function streamForm(accept: string | undefined): StreamForm {
  if (accept === undefined || accept.trim() === "") return "sse";
  const wishes = accept
    .split(",")
    .map(parseWish)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { range } of wishes) {
    const form = forms.find(([type]) => range === "*/*" || range === type || range === `${type.split("/")[0]}/*`);
    if (form) return form[1];
  }
  throw new AnodeError("not_acceptable", `Accept must allow one of ${forms.map(([type]) => type).join(", ")}.`);
}

function parseWish(part: string): { readonly range: string; readonly quality: number } {
  const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  const value = quality === undefined ? 1 : Number(quality.slice(2));
  return { range, quality: Number.isFinite(value) ? value : 0 };
}
