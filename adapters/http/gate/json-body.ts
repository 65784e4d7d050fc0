import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import { isObject } from "../../../lib/plain-object.js";
import { bodyTooLarge } from "./body-framing.js";
import { invalidJson, scanJson, type ScanLimits } from "./byte-scan.js";

/** Bounds of a JSON body. */
export interface BodyLimits extends ScanLimits {
  readonly bytes: number;
}

const forbiddenKey = "__proto__";
// The key may be spelled with escapes, so a backslash-u is a reason to look too.
const mayHoldForbiddenKey = /__proto__|\\u/;

/**
 * Stages 10 to 12: counts while reading, scans, parses. No bytes at all are the empty object.
 * @throws `body_too_large`, `invalid_json`, `malformed_request` when the body broke off
 */
export async function readJsonBody(body: AsyncIterable<Uint8Array>, limits: BodyLimits): Promise<Record<string, unknown>> {
  const bytes = await readBytes(body, limits.bytes);
  return bytes.length === 0 ? {} : parseJsonObject(bytes, limits);
}

/** Stages 11 and 12. @throws `invalid_json` */
export function parseJsonObject(bytes: Uint8Array, limits: ScanLimits): Record<string, unknown> {
  return parseObject(scanJson(bytes, limits));
}

/** The bytes of a body, counted whatever was declared. */
async function readBytes(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limitBytes) throw bodyTooLarge(limitBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (isAnodeError(error)) throw error;
    throw new AnodeError("malformed_request", "The connection ended before the body did.", { cause: error });
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : concatenated(chunks, size);
}

function concatenated(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidJson("is not JSON");
  }
  if (!isObject(value)) throw invalidJson("must be one JSON object");
  if (mayHoldForbiddenKey.test(text)) refuseForbiddenKey(value);
  return value as Record<string, unknown>;
}

// The scan has bounded the depth, so recursion is safe.
function refuseForbiddenKey(value: object): void {
  if (Object.hasOwn(value, forbiddenKey)) throw invalidJson(`must not have the key ${forbiddenKey}`);
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) refuseForbiddenKey(member);
  }
}
