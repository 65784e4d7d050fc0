import type { Host } from "../host.js";
import type { Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import { invalidToken } from "./invalid-token.js";
import type { RefreshState, TokenRecord } from "./record.js";
import { familyOf, newRefreshToken, pairAfter, type TokenPair } from "./refresh-token.js";
import type { TokenBook } from "./token-book.js";

const keyCollection = "token_keys";
const keyId = "refresh";
const idleMs = 7 * 24 * 3_600_000;
const lifeMs = 30 * 24 * 3_600_000;
/** How long the same refresh token gets the same answer: time to ask again when the answer was lost. */
const sameAnswerMs = 10_000;

/** What a token with a refresh token has more than one without. */
export interface Refreshable {
  readonly refresh_token: string;
  readonly members: Required<Pick<TokenRecord, "refresh" | "refresh_expires_at">>;
}

/** Refresh tokens: each is exchanged once, for a token and the next refresh token. */
export class Refreshes {
  readonly #store: Store;
  readonly #host: Host;
  readonly #book: TokenBook;
  #key: Promise<string> | undefined;

  constructor(store: Store, host: Host, book: TokenBook) {
    this.#store = store;
    this.#host = host;
    this.#book = book;
  }

  /** The first refresh token of a family. */
  async begin(ttl_ms: number): Promise<Refreshable> {
    const refresh_token = newRefreshToken(this.#host);
    const [family, digest] = await this.#digests(familyOf(refresh_token) as string, refresh_token);
    const refresh_expires_at = formatTime(this.#host.clock.now() + idleMs);
    return { refresh_token, members: { refresh: { family, digest, ttl_ms }, refresh_expires_at } };
  }

  /**
   * Exchanges a refresh token for the pair that follows it; for 10 s it gets the same one again. Shown later, one of the two
   * who have it is a thief, and the whole family is revoked.
   * @throws `auth_invalid` with the reason `unknown`, `expired`, `revoked` or `reused`
   */
  async exchange(text: string): Promise<{ readonly pair: TokenPair; readonly record: TokenRecord }> {
    const [family, digest] = await this.#digests(familyOf(text) ?? "", text);
    const entry = this.#book.byFamily(family);
    if (!entry) throw invalidToken("unknown", "The refresh token is unknown.");
    const pair = await pairAfter(this.#host, await this.#serverKey(), text);
    const [access, next] = await this.#digests(pair.token, pair.refresh_token);
    let isReused = false;
    const record = await this.#book.change(entry, (known) => {
      const now = this.#host.clock.now();
      const state = known.refresh as RefreshState;
      if (known.revoked_at !== undefined || !this.#book.get(known.id)) throw invalidToken("revoked");
      if (state.digest === digest) {
        if (parseTime(known.refresh_expires_at as string) <= now) throw invalidToken("expired");
        return exchanged(known, state, { access, next, now });
      }
      if (state.last?.digest === digest && now - parseTime(state.last.at) <= sameAnswerMs) return known;
      isReused = true;
      return { ...known, revoked_at: formatTime(now) };
    });
    if (isReused) throw invalidToken("reused", "The refresh token was used before; all tokens of its family are revoked.");
    return { pair, record };
  }

  #digests(first: string, second: string): Promise<[string, string]> {
    return Promise.all([this.#host.digest(first), this.#host.digest(second)]);
  }

  /** Made when it is first needed, and kept: an answer can be given again after a restart. */
  #serverKey(): Promise<string> {
    this.#key ??= this.#readKey().catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    return this.#key;
  }

  async #readKey(): Promise<string> {
    const stored = await this.#store.get(keyCollection, keyId);
    if (stored) return (stored.record as { readonly key: string }).key;
    const key = this.#host.randomId(32);
    await this.#store.commit({ puts: [{ collection: keyCollection, id: keyId, record: { key }, expectedRevision: 0 }] });
    return key;
  }
}

/** The record after an exchange: what was current is the last one now. */
function exchanged(
  known: TokenRecord,
  state: RefreshState,
  { access, next, now }: { readonly access: string; readonly next: string; readonly now: number },
): TokenRecord {
  const endsAtMs = Math.min(now + idleMs, parseTime(known.created_at) + lifeMs);
  const last = { digest: state.digest, at: formatTime(now), access: known.digest, access_expires_at: known.expires_at as string };
  return {
    ...known,
    digest: access,
    expires_at: formatTime(now + state.ttl_ms),
    refresh_expires_at: formatTime(endsAtMs),
    refresh: { ...state, digest: next, last },
  };
}
