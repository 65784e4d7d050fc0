import { AsksToMany } from "../asks/ask-many.js";
import { askCollection, Asks } from "../asks/asks.js";
import type { Ask } from "../asks/schema.js";
import { type Caller, hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import { joinSteps } from "../events/join-steps.js";
import type { Step } from "../events/journal.js";
import { parseHeader } from "../messages/agent-header.js";
import type { CancelTimer } from "../host.js";
import type { CallContext } from "../contract/operation.js";
import { agentText } from "../messages/agent-text.js";
import type { Channel, InProcessReceiver } from "../messages/channel.js";
import { Claims } from "../messages/claims.js";
import { Courier, messageCollection } from "../messages/courier.js";
import { Links } from "../messages/links.js";
import { type InputNews, RunChannel } from "../messages/run-channel.js";
import type { AttachedFile, Message } from "../messages/schema.js";
import { assertReach } from "../peers/circles.js";
import { noProbes, type PeerProbes } from "../peers/evidence.js";
import { PeerRegistry } from "../peers/registry.js";
import { Repair } from "../peers/repair.js";
import type { Peer, PeerRecord, PeerRegistration, PeerStatus, TurnState } from "../peers/schema.js";
import type { Sender } from "../peers/sender.js";
import { showPeer } from "../peers/show.js";
import type { Question } from "../questions/schema.js";
import type { RunManager } from "../runs/manager.js";
import { parseTime } from "../system-host.js";
import { Traces } from "../traces/traces.js";
import { listed, type Listing, type ListingPage } from "./listing.js";
import { ackedAnswer, answerAsk, type AskAnswer, askQuestions, endWithQuestion } from "./ask-questions.js";
import { broadcast, type BroadcastInput, type BroadcastReply } from "./broadcast.js";
import { removeOld } from "./retention.js";
import { checkRunPeer, followRuns, retireEndedRuns } from "./run-peers.js";

/** What a mesh is made of. */
export interface MeshOptions {
  readonly manager: RunManager;
  /** What the host can look at: processes and panes. @defaultValue nothing */
  readonly probes?: PeerProbes;
  /** Name of this host. @defaultValue "localhost" */
  readonly machine?: string;
  /** Makes the token that is a peer. Without it peers have none, and only owners act for them. */
  readonly peerToken?: (peer: PeerRecord) => Promise<string>;
  /** A peer is gone for good, or was reaped and may come back: what its token is worth from now on. */
  readonly peerRetired?: (peer: PeerRecord, reason: string) => void;
  /** Whether there is a foreign agent of this name. @defaultValue there is none */
  readonly knowsAgent?: (name: string) => boolean | Promise<boolean>;
  /** The real path of a folder, its links followed. @defaultValue the path as it is given */
  readonly realPath?: (path: string) => Promise<string>;
  /** What the caller's attachments are. Without it there are none. @throws `attachment_not_found` */
  readonly attached?: (ids: readonly string[], caller: Caller) => Promise<AttachedFile[]>;
}

/** Counts for the status document. */
export interface MeshStats {
  readonly peers: Readonly<Record<PeerStatus, number>>;
  readonly open_asks: number;
  /** Messages that wait. */
  readonly queued: number;
}

/** A peer's own report of what it does. */
export interface SessionReport {
  readonly status?: "online" | "busy";
  readonly turn_state?: TurnState;
  readonly model?: string;
  readonly session_id?: string;
  readonly metadata?: Record<string, unknown>;
  readonly turn?: TurnReport;
}

/** What a runtime reports of one turn. */
export interface TurnReport {
  readonly turn_id: string;
  readonly event: "started" | "ended";
  readonly first_line?: string;
  readonly final_message?: string;
  readonly stop_reason?: string;
}

const brought: ReadonlySet<string> = new Set(["claimed", "sent", "delivered"]);
const sweepMs = 60_000;
const retentionMs = 3_600_000;

/** Peers that find, ask, answer and notify each other, over one manager. Open it after the manager, close it before. */
export class Mesh {
  readonly manager: RunManager;
  readonly peers: PeerRegistry;
  readonly traces: Traces;
  readonly courier: Courier;
  readonly claims: Claims;
  readonly links: Links;
  readonly asks: Asks;
  readonly asksToMany: AsksToMany;
  readonly #options: MeshOptions;
  readonly #runChannel: RunChannel;
  readonly #repair: Repair;
  readonly #unfollow: () => void;
  readonly #receivers = new Map<string, InProcessReceiver>();
  #cancelSweep: CancelTimer = () => {};
  #cancelRetention: CancelTimer = () => {};
  #held = 0;

  constructor(options: MeshOptions) {
    const { manager, machine = "localhost", peerToken, peerRetired, probes = noProbes } = options;
    const { journal, store, host, limits } = manager;
    const parts = { journal, store, host, limits };
    this.manager = manager;
    this.#options = options;
    this.traces = new Traces(parts);
    this.peers = new PeerRegistry(parts, {
      machine,
      evidence: (peer) => this.#channelOf(peer) !== undefined,
      check: (registration) => this.#check(registration),
      probes,
      ...(peerToken && { token: peerToken }),
    });
    const known = (peer: PeerRecord) => this.#known(peer);
    this.#repair = new Repair({ peers: this.peers, host, limits }, { probes, machine, known });
    this.courier = new Courier(parts, this.traces, {
      channelOf: (peer) => this.#channelOf(peer),
      peer: (peer_id) => this.peers.byId(peer_id),
      moved: (message) => this.asks.messageMoved(message),
    });
    this.claims = new Claims(parts, this.courier, this.traces);
    this.links = new Links({
      host,
      limits,
      seen: (peer_id) => this.peers.touch(peer_id),
      working: (peer_id) => void this.peers.event(peer_id, { type: "working" }),
      receipt: (...receipt) => void this.courier.receipt(...receipt),
      waiting: (peer_id) => this.courier.waiting(peer_id).length,
      open: (peer_id) => this.courier.resume(peer_id),
    });
    this.asks = new Asks({
      ...parts,
      peers: this.peers,
      courier: this.courier,
      traces: this.traces,
      questions: askQuestions(manager),
      closed: (ask) => this.asksToMany.childClosed(ask),
    });
    manager.desk.alongside((closed) => endWithQuestion(this.asks, closed));
    this.asksToMany = new AsksToMany(parts, this.asks);
    this.#runChannel = new RunChannel(manager, {
      text: (message) => agentText(message),
      accepted: (delivery_id, run_id, input_id) => this.#accepted(delivery_id, run_id, input_id),
      news: (delivery_id, news) => this.#news(delivery_id, news),
    });
    this.#unfollow = followRuns(manager, this.peers);
    this.peers.onRetire((peer) => {
      const asks = this.asks.endFor(peer.peer_id);
      const step = joinSteps(asks.step, this.courier.endFor(peer.peer_id));
      return { ...asks, step };
    });
    this.peers.onRetire((peer, reason) => {
      this.#receivers.delete(peer.peer_id);
      peerRetired?.(peer, reason);
      return {
        step: {},
        taken: () => {
          this.claims.drop(peer.peer_id);
          this.links.retire(peer.peer_id, reason);
        },
      };
    });
  }

  /** Takes over what a former life left; before it, nothing of the mesh is served. */
  async open(): Promise<void> {
    await this.traces.open();
    await this.peers.open();
    await this.courier.open();
    await this.asks.open();
    await this.asksToMany.open();
    await retireEndedRuns(this.manager, this.peers);
    const sweep = (): void => {
      void this.refresh();
      this.sweep();
      this.#cancelSweep = this.manager.host.clock.schedule(sweep, sweepMs);
    };
    this.#cancelSweep = this.manager.host.clock.schedule(sweep, sweepMs);
    this.#armRetention();
  }

  /** Counts of this moment. */
  stats(): MeshStats {
    const peers = { online: 0, busy: 0, offline: 0 };
    for (const { status } of this.peers.living()) peers[status] += 1;
    return { peers, open_asks: this.asks.openCount, queued: this.courier.queued };
  }

  /** Looks whether the peers are still there, unless that was done lately. */
  refresh(): Promise<void> {
    return this.#repair.run();
  }

  /** Ends what has waited too long. */
  sweep(): void {
    this.courier.sweep();
    this.asks.sweep();
    this.asksToMany.sweep();
    this.traces.sweep((id) => this.asks.isOpen(id));
  }

  /** Removes what has been over for long, and the oldest of too much. */
  async removeOld(): Promise<void> {
    const { store, journal, limits, host } = this.manager;
    const kept = { count: limits.meshKept, sinceMs: host.clock.now() - limits.keptMs };
    await removeOld(store, journal, askCollection, { where: { state: ["closed"] }, ...kept });
    await removeOld(store, journal, messageCollection, {
      where: { delivery_state: ["delivered", "sent", "failed", "expired", "canceled"] },
      ...kept,
    });
  }

  #armRetention(): void {
    const { clock, log } = this.manager.host;
    const remove = (): void => {
      this.#armRetention();
      this.removeOld().catch((error: unknown) => log("warn", "mesh.retention_failed", { error: String(error) }));
    };
    this.#cancelRetention = clock.schedule(remove, retentionMs);
  }

  /** A service within this process: its messages are handed to the function. */
  receive(peer_id: string, receiver: InProcessReceiver): void {
    this.#receivers.set(peer_id, receiver);
  }

  /** A peer as the caller sees it at this moment. */
  shownPeer(peer: PeerRecord, caller: Caller): Peer {
    const { host, limits } = this.manager;
    const nowMs = host.clock.now();
    const open = this.asks.openTo(peer.peer_id);
    const oldest = open.at(-1);
    return showPeer(peer, {
      link: this.links.stateOf(peer.peer_id),
      inbox: {
        pendingAsks: open.length,
        ...(oldest && { oldestAgeMs: Math.max(0, nowMs - parseTime(oldest.created_at)) }),
        queued: this.courier.waiting(peer.peer_id).length,
      },
      nowMs,
      descriptionMs: limits.descriptionMs,
      caller,
    });
  }

  async realPath(path: string): Promise<string> {
    return (await this.#options.realPath?.(path)) ?? path;
  }

  /** @throws `invalid_pane_id`, `peer_not_found` */
  peerOfPane(pane_id: string): PeerRecord {
    const digits = /^%?(\d{1,9})$/.exec(pane_id)?.[1];
    if (digits === undefined) throw new AnodeError("invalid_pane_id", "pane_id must be of the form %7 or 7.");
    const peer = this.peers.living().find((one) => one.pane_id === `%${digits}`);
    if (!peer) throw new AnodeError("peer_not_found", `No peer is in the pane %${digits}.`);
    return peer;
  }

  /**
   * Whom a message is for, if its sender may reach it.
   * @throws `peer_not_found`, `ambiguous_peer`, `peer_retired`, `circle_forbidden`
   */
  recipient(
    to: { readonly to_peer: string; readonly circle?: string | undefined; readonly bypass_circle?: boolean | undefined },
    sender: Sender,
    caller: Caller,
  ): PeerRecord {
    const { to_peer, circle, bypass_circle = false } = to;
    if (bypass_circle && !hasScope(caller, "admin")) throw new AnodeError("circle_forbidden", "bypass_circle needs the scope admin.");
    const peer = this.peers.find(to_peer, { circle, from: bypass_circle ? undefined : sender.peer });
    assertReach(sender.peer, peer, bypass_circle);
    return peer;
  }

  /** @throws `attachment_not_found` */
  async attached(ids: readonly string[], caller: Caller): Promise<AttachedFile[]> {
    if (ids.length === 0) return [];
    if (this.#options.attached) return this.#options.attached(ids, caller);
    throw new AnodeError("attachment_not_found", "There are no attachments here.", { status: 422 });
  }

  /** The short form of an answer: an acknowledgement, or a text. @throws the refusals of the answer */
  async ackQuestion(ask: Ask, message: string | undefined, caller: Caller): Promise<Ask> {
    return (await this.answerAsk(ask.correlation_id, ackedAnswer(ask, message), caller)).ask;
  }

  /** Answers the question of an ask, which closes the ask with it. @throws the refusals of the answer */
  answerAsk(correlation_id: string, answer: AskAnswer, caller: Caller): Promise<{ readonly ask: Ask; readonly question: Question }> {
    return answerAsk(this.asks, this.manager.desk, correlation_id, answer, caller);
  }

  /** Stored asks or messages, newest first. A peer sees its own. */
  listed(collection: "asks" | "messages", query: Listing, caller: Caller): Promise<ListingPage> {
    return listed(this.manager.store, this.peers, collection, query, caller);
  }

  /** Counts a held call. @throws `too_many_waits` */
  async holding<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#held >= this.manager.limits.meshWaits) {
      throw new AnodeError("too_many_waits", "There are too many held requests.", { retryAfterSeconds: 1 });
    }
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
    }
  }

  /** Takes note of a peer's own report. */
  report(peer: PeerRecord, { status, turn_state, turn, ...fields }: SessionReport): PeerRecord {
    // A composer that is idle ends no dialog; only a turn's own report does.
    const isNote = turn_state === "idle" && status === undefined && turn === undefined;
    const event = isNote
      ? ({ type: "composer_idle" } as const)
      : ({ type: "report", ...(status && { status }), ...(turn_state && { turn_state }) } as const);
    this.peers.touch(peer.peer_id);
    const next = this.peers.event(peer.peer_id, event, fields) ?? peer;
    if (turn_state === "idle" && next.turn_state === "idle") {
      this.links.idle(peer.peer_id);
      this.courier.resume(peer.peer_id);
    }
    if (turn) this.#turn(next, turn);
    return next;
  }

  /** To every live peer of a circle but the sender; one that cannot be reached stops nobody else. */
  async broadcast(input: BroadcastInput, { caller, keep }: Pick<CallContext, "caller" | "keep">): Promise<BroadcastReply> {
    const { peers, courier, traces, manager } = this;
    return broadcast({ peers, courier, traces, host: manager.host, journal: manager.journal }, input, caller, keep);
  }

  close(): void {
    this.#cancelSweep();
    this.#cancelRetention();
    this.courier.close();
    this.claims.close();
    this.links.close();
    this.#runChannel.close();
    this.#unfollow();
    this.asks.stop();
    this.asksToMany.stop();
  }

  /** The first live way to a peer: its run, a function in the process, its socket. */
  #channelOf(peer: PeerRecord): Channel | undefined {
    if (peer.run_id !== undefined) return this.#runChannel;
    const receiver = this.#receivers.get(peer.peer_id);
    return receiver ? this.#inProcess(receiver) : this.links.channelOf(peer.peer_id);
  }

  #turn({ peer_id }: PeerRecord, turn: TurnReport): void {
    const { final_message, ...short } = turn;
    const news: Step = { feed: [{ type: "peer.turn", payload: { peer_id, ...short }, peer_id }] };
    const begun = turn.event === "started" ? this.#askBehind(peer_id, turn.first_line) : undefined;
    this.manager.journal.append(begun === undefined ? news : joinSteps(news, this.asks.bindTurn(begun, turn.turn_id)));
    if (turn.event === "started") return;
    const bound = this.asks.openTo(peer_id).filter((ask) => ask.turn_id === turn.turn_id && ask.reply_from_turn);
    for (const { correlation_id } of bound) void this.#answered(correlation_id, final_message);
  }

  /** The ask that a turn begins with: its exact header, and of one that was brought to this very peer. */
  #askBehind(peer_id: string, line: string | undefined): string | undefined {
    const header = line === undefined ? undefined : parseHeader(line);
    if (header?.type !== "ask") return undefined;
    const ask = this.asks.openTo(peer_id).find(({ correlation_id }) => correlation_id === header.correlation_id);
    const isExact = ask?.from_name === header.from && ask.to_name === header.to;
    return ask && isExact && brought.has(ask.delivery_state) ? ask.correlation_id : undefined;
  }

  #known({ peer_id, run_id }: PeerRecord): ReturnType<ConstructorParameters<typeof Repair>[1]["known"]> {
    const link = this.links.stateOf(peer_id);
    return {
      inProcess: this.#receivers.has(peer_id),
      socket: link?.connected ?? false,
      pongsWithoutPane: link?.pongsWithoutPane ?? 0,
      // A run that ends retires its peer at once: one that is there has a run.
      ...(run_id !== undefined && { run: "live" as const }),
    };
  }

  #inProcess(receiver: InProcessReceiver): Channel {
    return {
      kind: "in_process",
      push: async (message) => {
        try {
          const reply = await receiver(message);
          if (typeof reply === "string" && message.kind === "ask" && message.correlation_id !== undefined) {
            await this.asks
              .close(message.correlation_id, { close_reason: "ack_with_msg", reply_text: reply, replied_by: "ack" })
              .catch(() => {});
          }
          return { state: "delivered" };
        } catch (error) {
          return { state: "failed", detail: String(error) };
        }
      },
    };
  }

  /** @throws `unknown_agent`, `run_takes_no_input` */
  async #check(registration: PeerRegistration): Promise<void> {
    const { agent } = registration;
    if (agent !== undefined && !(await this.#options.knowsAgent?.(agent))) {
      throw new AnodeError("unknown_agent", `There is no agent ${JSON.stringify(agent)}.`);
    }
    if (registration.backend === "run" || registration.backend === "acp") await checkRunPeer(this.manager, registration.run_id);
  }

  #accepted(delivery_id: string, run_id: string, input_id: string): void {
    const message = this.courier.current(delivery_id);
    if (message) this.traces.note(message.trace_id, { stage: "run_accepted", detail: { run_id, input_id } });
  }

  #news(delivery_id: string, news: InputNews): void {
    void this.courier.get(delivery_id).then((message) => this.#tell(message, news));
  }

  #tell(message: Message, news: InputNews): void {
    const { journal } = this.manager;
    const { trace_id } = message;
    switch (news.type) {
      case "delivered":
        journal.append(joinSteps(this.courier.change(message, "delivered"), this.traces.stages(trace_id, { stage: "run_delivered" })));
        return;
      case "completed":
        this.traces.note(trace_id, { stage: "run_completed" });
        void this.#completed(message, news.result);
        return;
      case "dropped": {
        const stage = { stage: "run_dropped", status: "fail", detail: { reason: news.reason } } as const;
        journal.append(joinSteps(this.courier.change(message, "failed", { reason: news.reason }), this.traces.stages(trace_id, stage)));
        return;
      }
      case "withdrawn":
        journal.append(
          joinSteps(this.courier.change(message, "canceled"), this.traces.stages(trace_id, { stage: "run_withdrawn", status: "fail" })),
        );
    }
  }

  /** The task that an ask became is done: its result is the reply, unless the agent replied itself. */
  async #completed({ correlation_id }: Message, result: string | undefined): Promise<void> {
    if (correlation_id === undefined || !this.asks.isOpen(correlation_id)) return;
    const ask = await this.asks.get(correlation_id);
    if (!ask.reply_from_turn) return;
    await this.#answered(correlation_id, result);
  }

  /** What did the work has said this at its end. */
  async #answered(correlation_id: string, said: string | undefined): Promise<void> {
    const reply = said === undefined ? {} : { reply_text: said };
    await this.asks
      .close(correlation_id, { close_reason: said === undefined ? "ack" : "ack_with_msg", replied_by: "turn", ...reply })
      .catch(() => {});
  }
}
