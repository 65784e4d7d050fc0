import { AnodeError } from "../../../lib/errors.js";
import type { HeaderMap } from "../headers.js";

/**
 * Stage 8: bodies come as they are, whole or in chunks.
 * @throws `unsupported_media_type` for a content coding, `malformed_request` for a transfer coding
 */
export function checkFraming(headers: HeaderMap): void {
  const coding = headers.get("content-encoding");
  if (coding && !(coding.length === 1 && coding[0]?.toLowerCase() === "identity")) {
    throw new AnodeError("unsupported_media_type", "Bodies must be sent without a content coding.");
  }
  const transfer = headers.get("transfer-encoding");
  if (transfer && !(transfer.length === 1 && transfer[0]?.toLowerCase() === "chunked")) {
    throw new AnodeError("malformed_request", "The only transfer coding is chunked, and only once.");
  }
}

/**
 * Stage 10, the part that needs no reading: the declared length.
 * @throws `body_too_large`
 */
export function checkLength(headers: HeaderMap, limitBytes: number): void {
  const declared = headers.get("content-length")?.[0];
  if (declared !== undefined && Number(declared) > limitBytes) throw bodyTooLarge(limitBytes);
}

/** The refusal of a body over its limit. */
export function bodyTooLarge(limitBytes: number): AnodeError {
  return new AnodeError("body_too_large", `The body is over the limit of ${limitBytes} bytes.`);
}
