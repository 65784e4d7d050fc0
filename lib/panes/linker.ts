import type { Caller } from "../caller.js";
import { AnodeError, isAnodeError } from "../errors.js";
import { isStorageFull } from "../events/storage-full.js";
import type { Host } from "../host.js";
import type { PeerRecord } from "../peers/schema.js";
import { programInFront } from "./agent-of.js";
import { circleOf, sessionOf } from "./follow-sessions.js";
import { unavailablePanes } from "./orphans.js";
import type { Pane, PaneBackend, PaneProcess } from "./pane-backend.js";
import { parsePaneId } from "./pane-id.js";
import type { PaneLocks } from "./pane-locks.js";
import type { HookFiles, PanePeers, PaneSockets, StartedHook, StartHook } from "./ports.js";
import type { LinkedPane, LinkRequest } from "./schema.js";
import { waitForSocket } from "./wait-for-socket.js";

/** What links are made of. */
export interface LinkParts {
  readonly panes: PaneBackend;
  readonly peers: PanePeers;
  readonly files: HookFiles;
  readonly sockets: PaneSockets;
  readonly startHook: StartHook;
  readonly locks: PaneLocks;
  readonly host: Pick<Host, "clock" | "log">;
  /** Name of this host. */
  readonly machine: string;
  /** Time a started hook has to connect. */
  readonly linkMs: number;
}

/** What a link has made so far, in the order in which it was made. */
interface Made {
  peer?: PeerRecord;
  hook?: StartedHook;
}

/** Makes peers of panes: all of it, or nothing. */
export class PaneLinker {
  readonly #parts: LinkParts;
  readonly #closing = new AbortController();
  /** Links under way, and the peers they have made. */
  readonly #links = new Map<Promise<unknown>, Made>();
  /** What could not be undone yet, by peer. */
  readonly #left = new Map<string, Made>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /**
   * Makes a peer of the agent in a pane. Resolves when its hook holds the socket as this peer for this pane; otherwise the hook is ended,
   * what was written is removed and the peer is gone, also when the signal aborts or the linker is closed on the way.
   * @throws `invalid_pane_id`, `pane_not_found`, `pane_already_linked`, `pane_backend_unavailable`, `link_hook_failed`,
   * `link_no_transport`, `link_rollback_failed`, `shutting_down`, and what registration throws
   */
  async link(pane: string, request: LinkRequest, caller: Caller, signal: AbortSignal): Promise<LinkedPane> {
    const pane_id = parsePaneId(pane);
    if (this.#closing.signal.aborted) throw new AnodeError("shutting_down", "Shutdown has begun.");
    const letGo = this.#parts.locks.take(pane_id);
    if (!letGo) throw alreadyLinked(pane_id, this.#holder(pane_id));
    const made: Made = {};
    const work = this.#made(pane_id, request, caller, signal, made).finally(letGo);
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#links.set(settled, made);
    void settled.then(() => this.#links.delete(settled));
    return work;
  }

  /** Undoes what is left of links that failed, and of those a former life did not finish; for recovery and for each repair pass. */
  async repair(): Promise<void> {
    const underWay = new Set([...this.#links.values()].map(({ peer }) => peer?.peer_id));
    for (const peer of this.#parts.peers.living()) {
      const isLeft = peer.provisional === true && !underWay.has(peer.peer_id) && !this.#left.has(peer.peer_id);
      if (isLeft) this.#left.set(peer.peer_id, { peer });
    }
    for (const [peer_id, made] of [...this.#left]) {
      await this.#undo(made).catch((error: unknown) => {
        this.#parts.host.log("warn", "pane.link_not_undone", { peer_id, error: String(error) });
      });
    }
  }

  /** Undoes what is under way; nothing is linked any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#links.keys());
  }

  async #made(pane_id: string, request: LinkRequest, caller: Caller, signal: AbortSignal, made: Made): Promise<LinkedPane> {
    const { pane, agent } = await this.#look(pane_id);
    const holder = this.#holder(pane_id);
    if (holder) throw alreadyLinked(pane_id, holder);
    const gone = AbortSignal.any([signal, this.#closing.signal]);
    try {
      const peer = await this.#register(pane, agent, request, caller, made);
      gone.throwIfAborted();
      made.hook = await this.#parts.startHook({ peer_id: peer.peer_id, pane_id, backend: request.backend }).catch((error: unknown) => {
        throw failed("link_hook_failed", `The hook did not start: ${isAnodeError(error) ? error.message : String(error)}`);
      });
      const wait = await waitForSocket(
        { sockets: this.#parts.sockets, clock: this.#parts.host.clock },
        { peer_id: peer.peer_id, pane_id },
        made.hook,
        { timeoutMs: this.#parts.linkMs, signal: gone },
      );
      if (wait === "hook_ended") throw failed("link_hook_failed", "The hook has ended before it was connected.");
      if (wait === "timed_out") throw failed("link_no_transport", `The hook was not connected within ${this.#parts.linkMs} ms.`);
      if (wait === "aborted") throw failed("link_no_transport", "Nobody waits for the link any more.");
      const now = this.#parts.peers.event(peer.peer_id, { type: "seen" }, { provisional: false });
      if (!now) throw failed("link_no_transport", "The peer was retired meanwhile.");
      await this.#parts.peers.stored();
      return { linked: true, pane_id, peer_id: now.peer_id, display_name: now.display_name, circle: now.circle, ws_connected: true };
    } catch (error) {
      await this.#undo(made);
      throw gone.aborted && !isAnodeError(error) ? failed("link_no_transport", "Nobody waits for the link any more.") : error;
    }
  }

  async #look(pane_id: string): Promise<{ pane: Pane; agent: PaneProcess | undefined }> {
    const pane = await this.#parts.panes.get(pane_id);
    if (pane.probe === "unavailable") throw unavailablePanes(pane.reason);
    const tree = pane.probe === "ok" ? await this.#parts.panes.tree(pane_id) : pane;
    if (pane.probe === "fail" || tree.probe === "fail") throw new AnodeError("pane_not_found", `There is no pane ${pane_id}.`);
    if (tree.probe === "ok" && tree.found.length === 0) throw new AnodeError("pane_not_found", `The program of ${pane_id} has ended.`);
    return { pane: pane.found, agent: tree.probe === "ok" ? programInFront(tree.found) : undefined };
  }

  async #register(pane: Pane, agent: PaneProcess | undefined, request: LinkRequest, caller: Caller, made: Made): Promise<PeerRecord> {
    const { pane_id, session, window, cwd } = pane;
    const { backend, name, circle, path = cwd } = request;
    const place = circle !== undefined ? ({ circle, circle_source: "explicit" } as const) : circleOf(session);
    const registered = await this.#parts.peers.register(
      {
        backend,
        ...(name !== undefined && { name }),
        ...place,
        ...(path !== "/" && { path }),
        machine: this.#parts.machine,
        pane_id,
        tmux_session: sessionOf({ session, window }),
        ...(agent && { agent_pid: agent.pid, agent_started: String(agent.started) }),
      },
      caller,
      { provisional: true },
    );
    const { peer, peer_token } = registered;
    // Another registration may have been faster, and a peer that was there before is not ours to undo.
    if (!registered.created) throw alreadyLinked(pane_id, peer);
    made.peer = peer;
    if (!registered.pane_assigned) throw alreadyLinked(pane_id, this.#holder(pane_id));
    await this.#parts.files
      .write({
        peer_id: peer.peer_id,
        display_name: peer.display_name,
        backend,
        pane_id,
        ...(agent && { agent_pid: agent.pid, agent_started: agent.started }),
        ...(peer_token !== undefined && { peer_token }),
      })
      .catch((error: unknown) => {
        throw failed("link_hook_failed", `What the hook needs could not be written: ${String(error)}`);
      });
    return peer;
  }

  /** Undoes what a link has made, the last thing first, each whatever becomes of the others. @throws `link_rollback_failed` */
  async #undo(made: Made): Promise<void> {
    const { peer, hook } = made;
    if (!peer) return;
    const { files, peers } = this.#parts;
    const { peer_id, pane_id = "" } = peer;
    const errors: unknown[] = [];
    // An end that has to wait for space is one.
    const step = (work: Promise<unknown> | undefined): Promise<unknown> =>
      Promise.resolve(work).catch((error: unknown) => (isStorageFull(error) ? 0 : errors.push(error)));
    await step(hook?.end());
    await step(files.remove(pane_id, peer_id));
    const now = peers.byId(peer_id);
    if (now && now.retired_at === undefined) await step(peers.retire(peer_id, "link_rolled_back"));
    this.#left.delete(peer_id);
    if (errors.length === 0) return;
    this.#left.set(peer_id, made);
    peers.event(peer_id, { type: "absent", reason: "link_rollback_failed" });
    throw new AnodeError("link_rollback_failed", `The link of ${pane_id} failed and could not be undone yet: ${String(errors[0])}`, {
      details: { peer_id },
      cause: errors[0],
    });
  }

  #holder(pane_id: string): PeerRecord | undefined {
    return this.#parts.peers.living().find((peer) => peer.pane_id === pane_id && peer.machine === this.#parts.machine);
  }
}

function alreadyLinked(pane_id: string, holder: PeerRecord | undefined): AnodeError {
  const who = holder ? `the peer ${holder.display_name}` : "another link";
  return new AnodeError("pane_already_linked", `${pane_id} belongs to ${who}.`, {
    details: { ...(holder && { peer_id: holder.peer_id }) },
  });
}

function failed(code: "link_hook_failed" | "link_no_transport", text: string): AnodeError {
  return new AnodeError(code, text, { details: { rolled_back: true }, retryAfterSeconds: 5 });
}
