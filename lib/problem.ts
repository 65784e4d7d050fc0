import type { AnodeError } from "./errors.js";

/** What every face tells of a refused or failed call: the members of an RFC 9457 document. */
export function problemOf({ code, status, message, details }: AnodeError): Record<string, unknown> {
  const title = code.replaceAll("_", " ");
  return {
    ...details,
    type: `urn:anode:error:${code}`,
    title: title.charAt(0).toUpperCase() + title.slice(1),
    ...(status !== undefined && { status }),
    detail: message,
    code,
  };
}
