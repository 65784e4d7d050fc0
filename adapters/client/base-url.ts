import { type Address, parseAddress } from "../../lib/address.js";
import { AnodeError } from "../../lib/errors.js";

/** Where the contract is mounted. */
export interface BaseUrl {
  readonly address: Extract<Address, { readonly kind: "tcp" }>;
  /** Path before that of each operation; `""` at the root. */
  readonly prefix: string;
}

/** @throws `invalid_request` unless it is `http://host:port`, with a path at most */
export function parseBaseUrl(text: string): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === "http:" && !url.username && !url.password && !url.search && !url.hash;
  const address = isPlain ? parseAddress(`${url.hostname}:${url.port || 80}`) : undefined;
  // The text itself may hold a credential and is not repeated.
  if (!url || address?.kind !== "tcp")
    throw new AnodeError("invalid_request", "url must be http://host:port, without credentials, query and fragment.");
  return { address, prefix: url.pathname.replace(/\/+$/, "") };
}
