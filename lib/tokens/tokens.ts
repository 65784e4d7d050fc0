import { allScopes, type Caller, hasScope, type Scope } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Host } from "../host.js";
import { createIds, type Ids } from "../ids.js";
import { defaultLimits, type Limits } from "../limits.js";
import type { Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import { invalidToken } from "./invalid-token.js";
import { LoginCodes } from "./login-codes.js";
import { isCounted, isOver, type TokenRecord } from "./record.js";
import { Refreshes } from "./refreshes.js";
import type { LoginCode, NewToken, Session, TokenInfo, TokenRequest } from "./schema.js";
import { endOf, type Entry, TokenBook } from "./token-book.js";

const defaultTtlMs = 15 * 60_000;
const runTokenTtlMs = 24 * 3_600_000;
const sessionTtlMs = 12 * 3_600_000;
const peerTokenIdleMs = 7 * 24 * 3_600_000;
/** How often the store learns that a token with an idle life was used. */
const noteUseMs = 3_600_000;

/** A caller known by a token, and the signal that ends what it has open. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly ended: AbortSignal;
}

/** How many tokens and codes there may be. */
export type TokenLimits = Pick<Limits, "tokens" | "loginCodes">;

/** Derived tokens: one record each, kept by digest. What a caller is bound to is what its record says. */
export class Tokens {
  readonly #host: Host;
  readonly #ids: Ids;
  readonly #limits: TokenLimits;
  readonly #book: TokenBook;
  readonly #refreshes: Refreshes;
  readonly #codes: LoginCodes;
  /** The peers that runs are. */
  readonly #peersOfRuns = new Map<string, string>();
  /** Those that are being stored count already. */
  #making = 0;

  constructor(store: Store, host: Host, limits: TokenLimits = defaultLimits) {
    this.#host = host;
    this.#ids = createIds("T", host.clock);
    this.#limits = limits;
    this.#book = new TokenBook(store, host.clock);
    this.#refreshes = new Refreshes(store, host, this.#book);
    this.#codes = new LoginCodes(host, limits.loginCodes);
  }

  /** Loads the tokens of a former process. */
  async open(): Promise<void> {
    await this.#book.open();
    for (const { record } of this.#book.values()) this.#ids.startAfter(record.id);
  }

  /**
   * Makes a token; its text is in the answer and nowhere else. A maker that is bound to a run makes tokens of that run only.
   * @param prefix - what the text begins with: `anode_at_`, or with the port of the daemon for run tokens
   * @throws `scope_required` for a scope its maker does not have; `too_many_tokens`
   */
  async create(request: TokenRequest, maker: Caller, prefix?: string): Promise<NewToken> {
    checkScopes(request.scopes, maker);
    return this.#issue({ ...request, ...bounds(maker) }, prefix);
  }

  /** The token that is a peer: it reads, and controls the mesh as that peer, until the peer is retired or it lies unused for a week. */
  async createForPeer(peer_id: string): Promise<string> {
    const token = `anode_at_${this.#host.randomId(32)}`;
    const now = this.#host.clock.now();
    await this.#book.add({
      id: this.#ids.next(),
      digest: await this.#host.digest(token),
      label: `peer ${peer_id}`,
      scopes: ["read", "control"],
      peer_id,
      created_at: formatTime(now),
      used_at: formatTime(now),
      idle_ttl_ms: peerTokenIdleMs,
    });
    return token;
  }

  /** The run is a peer from now on: its own tokens are that peer's, too. */
  async bindRun(run_id: string, peer_id: string): Promise<void> {
    this.#peersOfRuns.set(run_id, peer_id);
    const own = this.#book.values().filter(({ record }) => record.run_id === run_id);
    await Promise.all(own.map((entry) => this.#book.change(entry, (record) => ({ ...record, peer_id }))));
  }

  /** Ends the tokens of a peer. One of a run stays that of the run. */
  async endPeer(peer_id: string): Promise<void> {
    for (const [run_id, bound] of this.#peersOfRuns) if (bound === peer_id) this.#peersOfRuns.delete(run_id);
    const bound = this.#book.values().filter(({ record }) => record.peer_id === peer_id);
    await this.#book.remove(bound.filter(({ record }) => record.run_id === undefined));
    // The run may be another peer by now.
    const unbound = (record: TokenRecord): TokenRecord => (record.peer_id === peer_id ? withoutPeer(record) : record);
    await Promise.all(bound.map((entry) => this.#book.change(entry, unbound)));
  }

  /** The token of a run: it reads and controls that run and its children, and ends with it. */
  async createForRun(run_id: string, prefix: string, scopes: readonly Scope[] = ["read", "control"]): Promise<string> {
    const { token } = await this.#issue({ label: `run ${run_id}`, scopes: [...scopes], run_id, ttl_ms: runTokenTtlMs }, prefix);
    return token;
  }

  /** Removes what was bound to a run that has ended. */
  async endRun(run_id: string): Promise<void> {
    this.#peersOfRuns.delete(run_id);
    await this.#book.remove(this.#book.values().filter((entry) => entry.record.run_id === run_id));
  }

  /**
   * Makes a login code: 128 bits that a page exchanges for a token of its own, once and within 60 s. It has its maker's scopes
   * unless fewer are named, and its maker's bounds.
   * @throws `scope_required`, `too_many_tokens`
   */
  async createCode(scopes: readonly Scope[] | undefined, maker: Caller): Promise<LoginCode> {
    checkScopes(scopes ?? [], maker);
    return this.#codes.create({ scopes: scopes ?? allScopes.filter((scope) => hasScope(maker, scope)), ...bounds(maker) });
  }

  /** Exchanges a login code for a token of 12 h. @throws `auth_invalid`, `too_many_tokens` */
  async openSession(code: string): Promise<Session> {
    const { scopes, ...bound } = await this.#codes.take(code);
    const { token, expires_at } = await this.#issue({ label: "dashboard", scopes: [...scopes], ...bound, ttl_ms: sessionTtlMs });
    return { token, scopes: [...scopes], expires_at };
  }

  /**
   * Exchanges a refresh token for the next pair. For 10 s it gets the same answer again; later its whole family is revoked.
   * @throws `auth_invalid` with the reason `unknown`, `expired`, `revoked` or `reused`
   */
  async refresh(text: string): Promise<NewToken> {
    const { pair, record } = await this.#refreshes.exchange(text);
    return { ...pair, ...shownOf(record) };
  }

  /**
   * Who presents the token.
   * @throws `auth_invalid` with the reason `unknown`, `expired` or `revoked`
   */
  async verify(text: string, door: Caller["door"]): Promise<KnownCaller> {
    const access = this.#book.byDigest(await this.#host.digest(text));
    const now = this.#host.clock.now();
    if (!access) throw invalidToken("unknown");
    const { entry } = access;
    const { id, scopes, run_id, peer_id, revoked_at } = entry.record;
    if (revoked_at !== undefined) throw invalidToken("revoked");
    if (endOf(access) <= now) throw invalidToken("expired");
    entry.lastUsedMs = now;
    this.#noteUse(entry, now);
    const bound = { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
    return { caller: { id: `token:${id}`, door, scopes, ...bound }, ended: access.ended.signal };
  }

  /** All tokens without their texts, newest first. */
  list(): TokenInfo[] {
    return this.#book.values().map(info).reverse();
  }

  /** What is known of a token. */
  get(id: string): TokenInfo | undefined {
    const entry = this.#book.get(id);
    return entry && info(entry);
  }

  /** Revokes a token with its whole family; durable when it resolves. @throws `not_found` */
  async revoke(id: string): Promise<TokenInfo> {
    const entry = this.#book.get(id);
    if (!entry) throw new AnodeError("not_found", "There is no such token.");
    const revoked_at = formatTime(this.#host.clock.now());
    await this.#book.change(entry, (known) => (known.revoked_at === undefined ? { ...known, revoked_at } : known));
    return info(entry);
  }

  /** Voids every token: the first-launch token they hang on is a new one. */
  async clear(): Promise<void> {
    await this.#book.remove(this.#book.values());
  }

  close(): void {
    this.#book.close();
  }

  async #issue(request: TokenRequest, prefix = "anode_at_"): Promise<NewToken> {
    const { label, scopes, run_id, ttl_ms = defaultTtlMs, refresh = false } = request;
    const token = prefix + this.#host.randomId(32);
    const refreshable = refresh ? await this.#refreshes.begin(ttl_ms) : undefined;
    const digest = await this.#host.digest(token);
    const now = this.#host.clock.now();
    const peer_id = run_id === undefined ? undefined : this.#peersOfRuns.get(run_id);
    const record: TokenRecord = {
      id: this.#ids.next(),
      digest,
      label,
      scopes: [...new Set(scopes)],
      ...(run_id !== undefined && { run_id }),
      ...(peer_id !== undefined && { peer_id }),
      created_at: formatTime(now),
      expires_at: formatTime(now + ttl_ms),
      ...refreshable?.members,
    };
    if (isCounted(record)) await this.#addCounted(record, now);
    else await this.#book.add(record);
    return { ...shownOf(record), token, ...(refreshable && { refresh_token: refreshable.refresh_token }) };
  }

  async #addCounted(record: TokenRecord, now: number): Promise<void> {
    const over = this.#makeRoom(now);
    this.#making += 1;
    await this.#book.add(record, over).finally(() => (this.#making -= 1));
  }

  /** What has ended gives way to what is made, and nothing else does. @throws `too_many_tokens` */
  #makeRoom(now: number): Entry[] {
    const counted = this.#book.values().filter(({ record }) => isCounted(record));
    if (counted.length + this.#making < this.#limits.tokens) return [];
    const over = counted.filter(({ record }) => isOver(record, now));
    if (over.length > 0) return over;
    throw new AnodeError("too_many_tokens", `There are ${this.#limits.tokens} tokens that hold; revoke some.`);
  }

  /** An idle life is counted from the stored use after a restart, so that is brought up to date now and then. */
  #noteUse(entry: Entry, now: number): void {
    const isDue = ({ used_at }: TokenRecord): boolean => used_at !== undefined && now - parseTime(used_at) >= noteUseMs;
    if (!isDue(entry.record)) return;
    const noted = this.#book.change(entry, (known) => (isDue(known) ? { ...known, used_at: formatTime(now) } : known));
    noted.catch((error: unknown) => this.#host.log("warn", "token.use_not_noted", { error: String(error) }));
  }
}

/** @throws `scope_required` */
function checkScopes(scopes: readonly Scope[], maker: Caller): void {
  const missing = scopes.find((scope) => !hasScope(maker, scope));
  if (!missing) return;
  throw new AnodeError("scope_required", `A token gets at most its maker's scopes; ${missing} is not one of them.`, {
    details: { scope: missing },
  });
}

/** What is made by a caller that is bound to a run reaches no further than that. */
function bounds({ run_id }: Caller): { readonly run_id?: string } {
  return run_id === undefined ? {} : { run_id };
}

function withoutPeer({ peer_id: _over, ...record }: TokenRecord): TokenRecord {
  return record;
}

/** What is told of a new token beside its texts. */
function shownOf({ id, scopes, expires_at, refresh_expires_at }: TokenRecord): Omit<NewToken, "token" | "refresh_token"> {
  return { id, scopes, expires_at: expires_at as string, ...(refresh_expires_at !== undefined && { refresh_expires_at }) };
}

function info({ record, lastUsedMs }: Entry): TokenInfo {
  const { digest: _digest, used_at: _used, refresh: _refresh, ...shown } = record;
  return { ...shown, ...(lastUsedMs !== undefined && { last_used_at: formatTime(lastUsedMs) }) };
}
