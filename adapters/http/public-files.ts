import type { Reply } from "./call.js";

/** Files that anybody may read who passes the gate's part on the connection. They hold nothing secret. */
export interface PublicFiles {
  /** What the log calls them. */
  readonly route: string;
  /** True for a path, as it came on the wire, that is theirs, whether there is a file at it or not. */
  has(path: string): boolean;
  /** The answer to GET and HEAD. @throws `not_found` */
  get(path: string): Promise<Reply>;
}
