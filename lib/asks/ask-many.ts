import { AnodeError, isAnodeError } from "../errors.js";
import { isDurable } from "../events/storage-full.js";
import type { Step } from "../events/step.js";
import type { CancelTimer } from "../host.js";
import { randomHexId } from "../ids.js";
import type { AttachedFile } from "../messages/schema.js";
import type { MeshParts } from "../peers/parts.js";
import type { PeerRecord } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { Records } from "../store/records.js";
import type { Put } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import { resolveFailed } from "../traces/schema.js";
import type { Traces } from "../traces/traces.js";
import type { Asks } from "./asks.js";
import type { Ask, AskMany, AskManyChild, AskManyReport } from "./schema.js";

/** One text for many peers. */
export interface AskManyDraft {
  readonly sender: Sender;
  readonly text: string;
  /** As the asker spells them, with the peer that is meant or why there is none. */
  readonly targets: readonly { readonly peer: string; readonly to: PeerRecord | AnodeError }[];
  readonly attachments?: readonly AttachedFile[];
  readonly timeoutMs: number;
  readonly keep?: (made: AskMany) => Put;
}

const keptMs = 24 * 3_600_000;

/** Asks that belong together: opened at once, and counted until the last is closed or the deadline has passed. */
export class AsksToMany {
  readonly #parts: MeshParts & { readonly traces: Traces };
  readonly #asks: Asks;
  readonly #records = new Records<AskMany>("ask_many");
  readonly #deadlines = new Map<string, CancelTimer>();

  constructor(parts: MeshParts & { readonly traces: Traces }, asks: Asks) {
    this.#parts = parts;
    this.#asks = asks;
  }

  async open(): Promise<void> {
    await this.#records.load(this.#parts.store);
    for (const many of this.#records.values()) this.#arm(many);
  }

  /** Opens one ask for each target; which of them mean no peer is traced under the parent's id. @throws `storage_full` */
  async ask(draft: AskManyDraft): Promise<AskMany> {
    const { host, journal, traces } = this.#parts;
    const now = host.clock.now();
    const targets = distinct(draft.targets);
    const many: AskMany = {
      parent_id: randomHexId(host, "askm"),
      from_peer_id: draft.sender.peer.peer_id,
      children: targets.map(({ peer, to }) =>
        to instanceof AnodeError
          ? { peer, error_code: to.code }
          : { peer, to_peer_id: to.peer_id, correlation_id: randomHexId(host, "ask"), delivery_state: "queued" as const },
      ),
      timed_out: false,
      created_at: formatTime(now),
      deadline_at: formatTime(now + draft.timeoutMs),
    };
    const { parent_id } = many;
    const puts = [this.#records.put(parent_id, many), ...(draft.keep ? [draft.keep(many)] : [])];
    const begun = traces.begin(
      parent_id,
      "ask",
      { stage: "created", from_peer_id: many.from_peer_id, detail: { targets: targets.length } },
      ...targets.flatMap(({ peer, to }) => (to instanceof AnodeError ? [resolveFailed(to.code, { peer })] : [])),
    );
    const step = { ...begun, puts: [...puts, ...(begun.puts ?? [])], whenFull: "refuse" } as const;
    await journal.append(step).committed.catch((error: unknown) => {
      this.#records.undo(puts);
      traces.undo(parent_id, begun);
      throw error;
    });
    this.#arm(many);
    const peers = new Map(draft.targets.flatMap(({ to }) => (to instanceof AnodeError ? [] : [[to.peer_id, to] as const])));
    const children = await Promise.all(many.children.map((child) => this.#child(child, peers, draft, parent_id)));
    return this.#put({ ...(this.#records.get(parent_id) ?? many), children });
  }

  /** @throws `ask_not_found` */
  async get(parent_id: string): Promise<AskManyReport> {
    const many = this.#records.get(parent_id);
    if (!many) throw new AnodeError("ask_not_found", "There is no ask-many of this id, or it is no longer kept.");
    const children = await Promise.all(many.children.map((child) => this.#shown(child)));
    const count = (is: (child: (typeof children)[number]) => boolean): number => children.filter(is).length;
    const pending = count(({ state }) => state === "open");
    const replied = count(({ close_reason }) => close_reason === "ack_with_msg" || close_reason === "answered");
    const acked = count(({ close_reason }) => close_reason === "ack");
    return {
      parent_id,
      state: pending === 0 ? "complete" : many.timed_out ? "partial" : "pending",
      timed_out: many.timed_out,
      deadline_at: many.deadline_at,
      rollup: { total: children.length, replied, acked, pending, failed: children.length - pending - replied - acked },
      children,
    };
  }

  /** Whose asks they are. */
  askerOf(parent_id: string): string | undefined {
    return this.#records.get(parent_id)?.from_peer_id;
  }

  /** A child was closed: with the last one everything is complete. Part of the step that closes it. */
  childClosed({ parent_id, correlation_id }: Ask): Step {
    const many = parent_id === undefined ? undefined : this.#records.get(parent_id);
    if (!many || many.completed_at !== undefined) return {};
    const others = many.children.some((child) => child.correlation_id !== correlation_id && this.#asks.isOpen(child.correlation_id ?? ""));
    return others ? {} : { puts: [this.#records.put(many.parent_id, this.#completed(many))] };
  }

  /** Forgets what has been complete for a day. */
  sweep(): void {
    const oldest = this.#parts.host.clock.now() - keptMs;
    for (const { parent_id, completed_at, deadline_at, children } of [...this.#records.values()]) {
      const isOver = completed_at !== undefined || !children.some((child) => this.#asks.isOpen(child.correlation_id ?? ""));
      if (!isOver || parseTime(completed_at ?? deadline_at) > oldest) continue;
      this.#parts.journal.append({ deletes: [this.#records.remove(parent_id)] });
    }
  }

  stop(): void {
    for (const cancel of this.#deadlines.values()) cancel();
  }

  async #child(child: AskManyChild, peers: ReadonlyMap<string, PeerRecord>, draft: AskManyDraft, parent_id: string): Promise<AskManyChild> {
    const to = peers.get(child.to_peer_id ?? "");
    if (!to || child.correlation_id === undefined) return child;
    const { sender, text, attachments } = draft;
    try {
      const { delivery_state } = await this.#asks.ask({
        sender,
        to,
        text,
        parent_id,
        correlation_id: child.correlation_id,
        ...(attachments && { attachments }),
      });
      return { ...child, delivery_state };
    } catch (error) {
      const error_code = isAnodeError(error) ? error.code : "internal";
      // It was there when it was named.
      if (error_code === "peer_retired") this.#parts.traces.note(parent_id, resolveFailed(error_code, child));
      return { ...child, delivery_state: "failed", error_code };
    }
  }

  async #shown(child: AskManyChild): Promise<AskManyReport["children"][number]> {
    const ask = child.correlation_id === undefined ? undefined : await this.#asks.get(child.correlation_id).catch(() => undefined);
    // Its ask is not there: it was refused, or a crash came before it.
    if (!ask) return { ...child, state: "failed" };
    const { state, delivery_state, close_reason, reply_text, answer } = ask;
    return {
      ...child,
      delivery_state,
      state,
      ...(close_reason && { close_reason }),
      ...(reply_text !== undefined && { reply_text }),
      ...(answer && { answer }),
    };
  }

  #arm(many: AskMany): void {
    if (many.timed_out || many.completed_at !== undefined) return;
    const leftMs = Math.max(0, parseTime(many.deadline_at) - this.#parts.host.clock.now());
    const over = (): void => {
      this.#deadlines.delete(many.parent_id);
      const now = this.#records.get(many.parent_id);
      if (now && now.completed_at === undefined) this.#put({ ...now, timed_out: true }).catch(() => {});
    };
    this.#deadlines.set(many.parent_id, this.#parts.host.clock.schedule(over, leftMs));
  }

  /** Answers it as it is kept: without the change, when that has to wait for space. */
  async #put(many: AskMany): Promise<AskMany> {
    const isOpen = many.children.some((child) => this.#asks.isOpen(child.correlation_id ?? ""));
    const next = isOpen || many.completed_at !== undefined ? many : this.#completed(many);
    const former = this.#records.get(many.parent_id) ?? next;
    return (await isDurable(this.#parts.journal.append({ puts: [this.#records.put(many.parent_id, next)] }))) ? next : former;
  }

  #completed(many: AskMany): AskMany {
    this.#deadlines.get(many.parent_id)?.();
    this.#deadlines.delete(many.parent_id);
    return { ...many, completed_at: formatTime(this.#parts.host.clock.now()) };
  }
}

/** Two spellings of one peer are one target. */
function distinct(targets: AskManyDraft["targets"]): AskManyDraft["targets"] {
  const seen = new Set<string>();
  return targets.filter(({ peer, to }) => {
    const key = to instanceof AnodeError ? peer : to.peer_id;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
