import type { CallBody, Operation } from "../../lib/contract/operation.js";
import type { Call } from "./call.js";
import { checkOneType, formBoundary } from "./gate/content-type.js";
import { type HeaderMap, joined } from "./headers.js";
import { mostFramingBytes, openForm } from "./multipart.js";

/**
 * Stage 9 for a body that is a file, and what the declared length tells of it; the body itself is read by the service, which bounds it.
 * @throws `unsupported_media_type`
 */
export function fileBodyOf(call: Call, headers: HeaderMap, operation: Operation, uploadMs: number): CallBody {
  const boundary = operation.body === "multipart" ? formBoundary(headers) : undefined;
  if (boundary === undefined) checkOneType(headers);
  const declared = Number(headers.get("content-length")?.[0] ?? 0);
  return {
    leastBytes: Math.max(0, boundary === undefined ? declared : declared - mostFramingBytes),
    async open() {
      const body = call.body(uploadMs);
      return boundary === undefined ? { contentType: joined(headers, "content-type"), bytes: body } : openForm(body, boundary);
    },
  };
}
