import { AnodeError, isErrorCode } from "../../lib/errors.js";
import type { CarrierReply } from "./carrier.js";

const envelope = new Set(["type", "title", "status", "detail", "code", "request_id"]);
const longestDetail = 4_096;

/**
 * The JSON document of a reply; `undefined` for 204.
 * @throws the refusal it tells of; `protocol_error` when it is not an answer of ours
 */
export async function readDocument(reply: CarrierReply, limitBytes: number): Promise<unknown> {
  if (reply.status < 200 || reply.status >= 300) throw await toError(reply, limitBytes);
  const text = await readText(reply, limitBytes);
  if (reply.status === 204) return undefined;
  if (essenceOf(reply) !== "application/json") throw foreign(reply, `content of type ${essenceOf(reply) || "unknown"}`);
  const document = parse(text);
  if (document === undefined) throw foreign(reply, "a body that is not JSON");
  return document;
}

/** The error that a refusing reply means. */
export async function toError(reply: CarrierReply, limitBytes: number): Promise<AnodeError> {
  const text = await readText(reply, limitBytes);
  if (reply.status >= 300 && reply.status < 400) return foreign(reply, "a redirect, and none is followed");
  const document = essenceOf(reply) === "application/problem+json" ? parse(text) : undefined;
  if (typeof document !== "object" || document === null) return foreign(reply, "no problem document");
  return toKnownError(reply, document as Record<string, unknown>);
}

function toKnownError(reply: CarrierReply, document: Record<string, unknown>): AnodeError {
  const { code, detail } = document;
  const members = Object.entries(document).filter(([name]) => !envelope.has(name));
  const message = typeof detail === "string" ? detail.slice(0, longestDetail) : `The daemon answered ${reply.status}.`;
  // A newer daemon may know codes that we do not: the status still tells what kind of refusal it is.
  const isKnown = typeof code === "string" && isErrorCode(code);
  const details = Object.fromEntries(isKnown ? members : [...members, ["code", code]]);
  const retryAfterSeconds = secondsOf(reply);
  return new AnodeError(isKnown ? code : "protocol_error", message, {
    status: reply.status,
    ...(Object.keys(details).length > 0 && { details }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

async function readText(reply: CarrierReply, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of reply.body) {
    size += chunk.length;
    if (size > limitBytes) throw new AnodeError("protocol_error", `The answer is over the limit of ${limitBytes} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function essenceOf({ headers }: CarrierReply): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function secondsOf({ headers }: CarrierReply): number | undefined {
  const text = headers["retry-after"];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function foreign(reply: CarrierReply, what: string): AnodeError {
  const retryAfterSeconds = secondsOf(reply);
  return new AnodeError("protocol_error", `The answer with status ${reply.status} is not ours: ${what}.`, {
    status: reply.status,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
