import { AnodeError } from "../../../lib/errors.js";

/** What a connection error of `node:http` means; `undefined` when nobody is there to be told. */
export function toFault(error: NodeJS.ErrnoException & { readonly reason?: string }): AnodeError | undefined {
  switch (error.code) {
    case "ECONNRESET":
    case "EPIPE":
      return undefined;
    case "HPE_HEADER_OVERFLOW":
      return new AnodeError("headers_too_large", "The header block is over its limit.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new AnodeError("request_timeout", "The request came too slowly.");
    default:
      // The parser has one code for a version it does not know and for a line that is broken there.
      if (error.reason === "Invalid HTTP version") return new AnodeError("http_version", "This server speaks HTTP/1.1 only.");
      return new AnodeError("malformed_request", "This is not a well-formed HTTP/1.1 request.");
  }
}
