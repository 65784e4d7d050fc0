import { AnodeError } from "../../lib/errors.js";
import type { Clock } from "../../lib/host.js";
import { parseTime } from "../../lib/system-host.js";

/** A token, with the time of its end where that is known; the answer of `tokens.create` is one. */
export type Token = string | { readonly token: string; readonly expires_at?: string };

/** Gives the token to call with, or none. Asked once, and again when the token nears its end or was refused. */
export type TokenProvider = () => Token | undefined | Promise<Token | undefined>;

/** The credential of a client. */
export interface Credential {
  /** The token to call with now. */
  current(): Promise<string | undefined>;
  /** Asks the provider anew because this token was refused; answers the new one only if it is another. */
  replacement(refused: string | undefined): Promise<string | undefined>;
}

interface Held {
  readonly token: string | undefined;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

const shareOfLife = 0.8;
const visibleAscii = /^[\x21-\x7e]{1,4096}$/;

/** Keeps a provider's token; however many calls need a new one, the provider is asked once. */
export function createCredential(source: string | TokenProvider | undefined, clock: Clock): Credential {
  const provide: TokenProvider = typeof source === "function" ? source : () => source;
  let held: Held | undefined;
  let loading: Promise<Held> | undefined;

  function load(): Promise<Held> {
    loading ??= Promise.resolve()
      .then(provide)
      .then((token) => (held = toHeld(token, clock.now())))
      .finally(() => (loading = undefined));
    return loading;
  }

  return {
    async current() {
      if (!held || clock.now() >= held.endsAtMs) return (await load()).token;
      // The old token still holds: a provider that fails now is asked again by the next call.
      if (clock.now() >= held.renewAtMs) load().catch(() => {});
      return held.token;
    },
    async replacement(refused) {
      const { token } = held && held.token !== refused ? held : await load();
      return token === refused ? undefined : token;
    },
  };
}

function toHeld(given: Token | undefined, nowMs: number): Held {
  const { token, expires_at } = typeof given === "object" ? given : { token: given, expires_at: undefined };
  // A token is never part of a message.
  if (token !== undefined && !visibleAscii.test(token))
    throw new AnodeError("invalid_request", "A token must be visible ASCII without spaces.");
  const endsAtMs = expires_at === undefined ? Number.NaN : parseTime(expires_at);
  if (Number.isNaN(endsAtMs)) return { token, renewAtMs: Number.POSITIVE_INFINITY, endsAtMs: Number.POSITIVE_INFINITY };
  return { token, renewAtMs: nowMs + shareOfLife * (endsAtMs - nowMs), endsAtMs };
}
