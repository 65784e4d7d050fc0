import type { Scope } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Host } from "../host.js";
import { formatTime } from "../system-host.js";
import { invalidToken } from "./invalid-token.js";
import type { LoginCode } from "./schema.js";

/** What whoever brings the code may do, and the run that is all it may do it to. */
export interface Grant {
  readonly scopes: readonly Scope[];
  readonly run_id?: string;
}

interface OpenCode {
  readonly grant: Grant;
  /** On the monotonic clock: nobody lengthens its life by setting the time. */
  readonly endsAtMs: number;
}

const lifeMs = 60_000;

/** Codes that a page exchanges for a token of its own: each once, within a minute, in this process alone. */
export class LoginCodes {
  readonly #host: Host;
  readonly #most: number;
  readonly #open = new Map<string, OpenCode>();

  constructor(host: Host, most: number) {
    this.#host = host;
    this.#most = most;
  }

  /** Makes a code for this grant. @throws `too_many_tokens` */
  async create(grant: Grant): Promise<LoginCode> {
    const code = this.#host.randomId(16);
    const digest = await this.#host.digest(code);
    const now = this.#host.clock.monotonic();
    for (const [known, { endsAtMs }] of this.#open) if (endsAtMs <= now) this.#open.delete(known);
    const [oldest] = this.#open.values();
    if (oldest && this.#open.size >= this.#most) {
      throw new AnodeError("too_many_tokens", `There are ${this.#most} login codes that nobody has exchanged yet.`, {
        retryAfterSeconds: Math.ceil((oldest.endsAtMs - now) / 1000),
      });
    }
    this.#open.set(digest, { grant, endsAtMs: now + lifeMs });
    return { code, expires_at: formatTime(this.#host.clock.now() + lifeMs) };
  }

  /** Takes a code, and gives what it is for. @throws `auth_invalid`; other codes stay as they are */
  async take(code: string): Promise<Grant> {
    const digest = await this.#host.digest(code);
    const found = this.#open.get(digest);
    this.#open.delete(digest);
    if (!found) throw invalidToken("unknown", "The login code is unknown, or was used.");
    if (found.endsAtMs <= this.#host.clock.monotonic()) throw invalidToken("expired", "The login code is over 60 s old.");
    return found.grant;
  }
}
