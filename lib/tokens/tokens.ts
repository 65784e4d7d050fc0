import { type Caller, hasScope, type Scope } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { CancelTimer, Host } from "../host.js";
import { createIds, type Ids } from "../ids.js";
import type { Put, Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { NewToken, TokenInfo, TokenRequest } from "./schema.js";

interface TokenRecord extends Omit<TokenInfo, "last_used_at"> {
  /** When it was used, to the hour; only of one with an idle life. */
  readonly used_at?: string;
  /** SHA-256 of the text; the text itself is nowhere. */
  readonly digest: string;
}

interface Entry {
  record: TokenRecord;
  revision: number;
  lastUsedMs: number | undefined;
  /** Aborts what was opened with the token when it ends. */
  readonly ended: AbortController;
  cancelExpiry: CancelTimer;
}

const collection = "tokens";
const defaultTtlMs = 15 * 60_000;
const runTokenTtlMs = 24 * 3_600_000;
const peerTokenIdleMs = 7 * 24 * 3_600_000;
/** How often the store learns that a token with an idle life was used. */
const noteUseMs = 3_600_000;

/** A caller known by a token, and the signal that ends what it has open. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly ended: AbortSignal;
}

/** Derived tokens: one record each, kept by digest. What a caller is bound to is what its record says. */
export class Tokens {
  readonly #store: Store;
  readonly #host: Host;
  readonly #ids: Ids;
  readonly #byDigest = new Map<string, Entry>();
  /** The peers that runs are. */
  readonly #peersOfRuns = new Map<string, string>();

  constructor(store: Store, host: Host) {
    this.#store = store;
    this.#host = host;
    this.#ids = createIds("T", host.clock);
  }

  /** Loads the tokens of a former process. */
  async open(): Promise<void> {
    let after: number | undefined;
    for (let more = true; more; ) {
      const page = await this.#store.list(collection, { order: "asc", limit: 500, ...(after !== undefined && { after }) });
      for (const { id, ordinal, revision, record } of page.items) {
        this.#ids.startAfter(id);
        this.#keep(record as TokenRecord, revision);
        after = ordinal;
      }
      more = page.more;
    }
  }

  /**
   * Makes a token; its text is in the answer and nowhere else.
   * @param prefix - what the text begins with: `anode_at_`, or with the port of the daemon for run tokens
   * @throws `scope_required` for a scope its maker does not have
   */
  async create(request: TokenRequest, maker: Caller, prefix = "anode_at_"): Promise<NewToken> {
    const missing = request.scopes.find((scope) => !hasScope(maker, scope));
    if (missing)
      throw new AnodeError("scope_required", `A token gets at most its maker's scopes; ${missing} is not one of them.`, {
        details: { scope: missing },
      });
    const token = prefix + this.#host.randomId(32);
    const now = this.#host.clock.now();
    const { run_id } = request;
    const digest = await this.#host.digest(token);
    const peer_id = run_id === undefined ? undefined : this.#peersOfRuns.get(run_id);
    const record: TokenRecord = {
      id: this.#ids.next(),
      digest,
      label: request.label,
      scopes: [...new Set(request.scopes)],
      ...(run_id !== undefined && { run_id }),
      ...(peer_id !== undefined && { peer_id }),
      created_at: formatTime(now),
      expires_at: formatTime(now + (request.ttl_ms ?? defaultTtlMs)),
    };
    await this.#add(record);
    return { id: record.id, token, scopes: record.scopes, expires_at: record.expires_at as string };
  }

  /** The token that is a peer: it reads, and controls the mesh as that peer, until the peer is retired or it lies unused for a week. */
  async createForPeer(peer_id: string): Promise<string> {
    const token = `anode_at_${this.#host.randomId(32)}`;
    const now = this.#host.clock.now();
    await this.#add({
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
    await this.#change(
      (record) => record.run_id === run_id,
      (record) => ({ ...record, peer_id }),
    );
  }

  /** Ends the tokens of a peer. One of a run stays that of the run. */
  async endPeer(peer_id: string): Promise<void> {
    for (const [run_id, bound] of this.#peersOfRuns) if (bound === peer_id) this.#peersOfRuns.delete(run_id);
    const isOfPeer = (record: TokenRecord): boolean => record.peer_id === peer_id;
    await this.#remove([...this.#byDigest.values()].filter(({ record }) => isOfPeer(record) && record.run_id === undefined));
    await this.#change(isOfPeer, ({ peer_id: _over, ...record }) => record);
  }

  /** The token of a run: it reads and controls that run and its children, and ends with it. */
  async createForRun(run_id: string, prefix: string, scopes: readonly Scope[] = ["read", "control"]): Promise<string> {
    const maker: Caller = { id: `run:${run_id}`, door: "in_process", scopes };
    const { token } = await this.create({ label: `run ${run_id}`, scopes: [...scopes], run_id, ttl_ms: runTokenTtlMs }, maker, prefix);
    return token;
  }

  /**
   * Who presents the token.
   * @throws `auth_invalid` with the reason `unknown`, `expired` or `revoked`
   */
  async verify(text: string, door: Caller["door"]): Promise<KnownCaller> {
    const entry = this.#byDigest.get(await this.#host.digest(text));
    const now = this.#host.clock.now();
    if (!entry) throw invalid("unknown");
    const { id, scopes, run_id, peer_id, revoked_at } = entry.record;
    if (revoked_at !== undefined) throw invalid("revoked");
    if (endOf(entry) <= now) throw invalid("expired");
    entry.lastUsedMs = now;
    this.#noteUse(entry, now);
    const bound = { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
    return { caller: { id: `token:${id}`, door, scopes, ...bound }, ended: entry.ended.signal };
  }

  /** All tokens without their texts, newest first. */
  list(): TokenInfo[] {
    return [...this.#byDigest.values()].map(info).reverse();
  }

  /** What is known of a token. */
  get(id: string): TokenInfo | undefined {
    const entry = this.#find(id);
    return entry && info(entry);
  }

  /** Revokes a token; durable when it resolves. @throws `not_found` */
  async revoke(id: string): Promise<TokenInfo> {
    const entry = this.#find(id);
    if (!entry) throw new AnodeError("not_found", "There is no such token.");
    if (entry.record.revoked_at === undefined) {
      const record = { ...entry.record, revoked_at: formatTime(this.#host.clock.now()) };
      await this.#store.commit({ puts: [{ collection, id, record, expectedRevision: entry.revision }] });
      entry.record = record;
      entry.revision += 1;
      entry.ended.abort();
    }
    return info(entry);
  }

  /** Removes what was bound to a run that has ended. */
  async endRun(run_id: string): Promise<void> {
    this.#peersOfRuns.delete(run_id);
    const bound = [...this.#byDigest.values()].filter((entry) => entry.record.run_id === run_id);
    await this.#remove(bound);
  }

  /** Voids every token: the first-launch token they hang on is a new one. */
  async clear(): Promise<void> {
    await this.#remove([...this.#byDigest.values()]);
  }

  close(): void {
    for (const entry of this.#byDigest.values()) entry.cancelExpiry();
  }

  async #remove(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) {
      this.#byDigest.delete(entry.record.digest);
      entry.cancelExpiry();
      entry.ended.abort();
    }
    await this.#store.commit({ deletes: entries.map(({ record }) => ({ collection, id: record.id })) });
  }

  async #change(concerns: (record: TokenRecord) => boolean, changed: (record: TokenRecord) => TokenRecord): Promise<void> {
    const puts: Put[] = [];
    for (const entry of this.#byDigest.values()) {
      if (!concerns(entry.record)) continue;
      entry.record = changed(entry.record);
      puts.push({ collection, id: entry.record.id, record: entry.record, expectedRevision: entry.revision });
      entry.revision += 1;
    }
    if (puts.length > 0) await this.#store.commit({ puts });
  }

  async #add(record: TokenRecord): Promise<void> {
    await this.#store.commit({ puts: [{ collection, id: record.id, record, expectedRevision: 0 }] });
    this.#keep(record, 1);
  }

  #keep(record: TokenRecord, revision: number): void {
    const ended = new AbortController();
    const entry: Entry = { record, revision, lastUsedMs: undefined, ended, cancelExpiry: () => {} };
    this.#byDigest.set(record.digest, entry);
    this.#armExpiry(entry);
  }

  #armExpiry(entry: Entry): void {
    const leftMs = endOf(entry) - this.#host.clock.now();
    const look = (): void => (endOf(entry) <= this.#host.clock.now() ? entry.ended.abort() : this.#armExpiry(entry));
    entry.cancelExpiry = this.#host.clock.schedule(look, Math.min(Math.max(0, leftMs), 2 ** 31 - 1));
  }

  /** An idle life is counted from the stored use after a restart, so that is brought up to date now and then. */
  #noteUse(entry: Entry, now: number): void {
    const { used_at } = entry.record;
    if (used_at === undefined || now - parseTime(used_at) < noteUseMs) return;
    const expectedRevision = entry.revision;
    entry.record = { ...entry.record, used_at: formatTime(now) };
    entry.revision += 1;
    const put = { collection, id: entry.record.id, record: entry.record, expectedRevision };
    this.#store.commit({ puts: [put] }).catch((error: unknown) => this.#host.log("warn", "token.use_not_noted", { error: String(error) }));
  }

  #find(id: string): Entry | undefined {
    return [...this.#byDigest.values()].find((entry) => entry.record.id === id);
  }
}

/** When a token ends by itself, Unix milliseconds. */
function endOf({ record, lastUsedMs = 0 }: Entry): number {
  const { expires_at, idle_ttl_ms, used_at, created_at } = record;
  if (expires_at !== undefined) return parseTime(expires_at);
  return Math.max(lastUsedMs, parseTime(used_at ?? created_at)) + (idle_ttl_ms ?? 0);
}

function info({ record, lastUsedMs }: Entry): TokenInfo {
  const { digest: _digest, used_at: _used, ...shown } = record;
  return { ...shown, ...(lastUsedMs !== undefined && { last_used_at: formatTime(lastUsedMs) }) };
}

function invalid(reason: "unknown" | "expired" | "revoked"): AnodeError {
  return new AnodeError("auth_invalid", `The token is ${reason}.`, { details: { reason } });
}
