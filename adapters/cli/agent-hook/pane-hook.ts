import { join } from "node:path";
import { isAnodeError } from "../../../lib/errors.js";
import type { Clock } from "../../../lib/host.js";
import type { HookFile, HookFiles, KnownProcess, MessageFrame, PaneBackend } from "../../../lib/index.js";
import { defaultLimits } from "../../../lib/limits.js";
import { agentText } from "../../../lib/messages/agent-text.js";
import { lookAtPane, paneEvidence } from "../../../lib/panes/look-at-pane.js";
import { createPaster } from "../../../lib/panes/paster.js";
import { acquireLock, createHookFiles, createTmuxPanes, isAlive, type Lock, systemReader } from "../../../lib/node/index.js";
import { systemHost } from "../../../lib/system-host.js";
import { type Client, connect, discover, formatAddress, type PeerDisconnect, type Receipt } from "../../client/index.js";
import type { Context } from "../context.js";
import { peersFolder } from "./hook-place.js";
import { toAgentMessage } from "./to-agent-message.js";

/** What the hook of one pane is made of. */
export interface PaneHookOptions {
  readonly pane_id: string;
  readonly backend: string;
  readonly env: Context["env"];
  /** Milliseconds between two looks at the agent. @defaultValue 5000 */
  readonly watchMs?: number;
  /** Milliseconds without a daemon after which it gives up. @defaultValue 24 hours */
  readonly lonelyMs?: number;
  /** Milliseconds to wait for the hook before this one to end. @defaultValue 10000 */
  readonly lockMs?: number;
  /** @defaultValue those of tmux */
  readonly panes?: PaneBackend;
  /** By which it waits and measures. @defaultValue the system's */
  readonly clock?: Clock;
}

/** Why a pane's hook has ended. */
export type PaneHookEnd = "held_elsewhere" | "nothing_written" | "agent_exited" | "retired" | "replaced" | "refused" | "no_daemon";

/** The version of what it says on its socket. */
const hookVersion = 1;
const hour = 3_600_000;

/**
 * Holds the socket of the peer in one pane: takes its messages and types them, watches the agent, and comes back after every restart of
 * the daemon. Ends with the agent or its pane, when the peer is retired or another holds its socket, or after a day without a daemon.
 */
export async function holdPane(options: PaneHookOptions): Promise<PaneHookEnd> {
  const folder = peersFolder(options.env);
  const { lockMs = 10_000, clock = systemHost.clock } = options;
  const lock = await lockOf(join(folder, `pane-${options.pane_id.slice(1)}.lock`), lockMs, clock);
  if (!lock) return "held_elsewhere";
  try {
    return await new PaneHook(options, createHookFiles(folder)).run();
  } finally {
    lock.release();
  }
}

/** A daemon, and where it was found. */
interface Daemon {
  readonly client: Client;
  readonly address: string;
}

class PaneHook {
  readonly #options: PaneHookOptions;
  readonly #files: HookFiles;
  readonly #panes: PaneBackend;
  readonly #clock: Clock;
  /** When the text typed last was submitted. */
  #injectedMs = Number.NEGATIVE_INFINITY;
  #aloneSinceMs: number;
  #isConnected = false;
  /** The agent is gone, and we say so. */
  #isOver = false;

  constructor(options: PaneHookOptions, files: HookFiles) {
    this.#options = options;
    this.#files = files;
    this.#panes = options.panes ?? createTmuxPanes({ env: options.env });
    this.#clock = options.clock ?? systemHost.clock;
    this.#aloneSinceMs = this.#clock.monotonic();
  }

  async run(): Promise<PaneHookEnd> {
    const { pid } = process;
    const started = systemReader().read(pid)?.startTicks ?? 0;
    for (;;) {
      const file = await this.#written();
      if (!file) return "nothing_written";
      await this.#files.write({ ...file, hook_pid: pid, hook_started: started });
      const end = await this.#serve(file);
      if (end !== "changed") return end;
    }
  }

  /** Serves the peer that is written down, until that is another one. */
  async #serve(file: HookFile): Promise<PaneHookEnd | "changed"> {
    const { peer_token, peer_id, pane_id, agent_pid, agent_started } = file;
    const address = await this.#address();
    const client = await connect({ env: this.#options.env, ...(peer_token !== undefined && { token: peer_token }) });
    const over = new AbortController();
    try {
      const typing = this.#typing(client, file);
      const connection = client.connectPeer(
        {
          backend: file.backend as "claude-code",
          peer_id,
          pane_id,
          hook_version: hookVersion,
          capabilities: ["delivery_receipts", "pull", "turn_reports"],
          ...(agent_pid !== undefined && agent_started !== undefined && { agent_pid, agent_started: String(agent_started) }),
          ...(peer_token !== undefined && { peer_token }),
          signal: over.signal,
        },
        {
          ask: typing,
          notify: typing,
          broadcast: typing,
          reply: typing,
          connected: ({ display_name, peer_token: given }) => {
            this.#isConnected = true;
            void this.#note(peer_id, { display_name, ...(given !== undefined && { peer_token: given }) });
          },
          disconnected: () => {
            if (this.#isConnected) this.#aloneSinceMs = this.#clock.monotonic();
            this.#isConnected = false;
          },
          paneAlive: async () => {
            const evidence = await this.#evidence(file);
            return evidence === "unavailable" ? undefined : evidence === "ok";
          },
        },
      );
      const ended = await Promise.race([
        connection.ended.then((why) => this.#endOf(why, file)),
        this.#watch(file, { client, address }, over.signal),
      ]);
      over.abort();
      return ended;
    } finally {
      over.abort();
      await client.close();
    }
  }

  /** Types each message, if nothing but idle was said of the agent since the message left. */
  #typing(client: Client, file: HookFile): (frame: MessageFrame) => Promise<Receipt> {
    const agent = agentOf(file);
    let cameMs = 0;
    const onlyIdle = async (): Promise<boolean> => {
      // What came before the last text was submitted has left before the agent began to work on that.
      if (cameMs <= this.#injectedMs) return false;
      const { turn_state } = await client.peers.get({ id: file.peer_id }, { timeoutMs: 2_000, retries: 0 });
      return turn_state === "idle";
    };
    const paster = createPaster({ panes: this.#panes, clock: this.#clock, onlyIdle });
    let last: Promise<unknown> = Promise.resolve();
    return (frame) => {
      const arrivedMs = this.#clock.monotonic();
      const turn = last.then(async (): Promise<Receipt> => {
        if (!agent) return { status: "rejected", detail: "pane_unsafe" };
        cameMs = arrivedMs;
        const text = agentText(toAgentMessage(frame, file.display_name), defaultLimits.pasteBytes);
        const receipt = await paster.paste(frame.delivery_id, text, { pane_id: file.pane_id, agent });
        if (receipt.status === "injected") this.#injectedMs = this.#clock.monotonic();
        return receipt;
      });
      last = turn.catch(() => {});
      return turn;
    };
  }

  /** Looks at the agent, at what is written down and at the time, again and again. */
  async #watch(file: HookFile, { client, address }: Daemon, signal: AbortSignal): Promise<PaneHookEnd | "changed"> {
    const { watchMs = 5_000, lonelyMs = 24 * hour } = this.#options;
    while (!signal.aborted) {
      await pause(watchMs, this.#clock, signal);
      if (signal.aborted) break;
      const agent = agentOf(file);
      if (agent && isAlive(agent) === "fail" && (await this.#evidence(file)) === "fail") {
        this.#isOver = true;
        await this.#reportExit(client, file);
        return "agent_exited";
      }
      const now = await this.#written();
      if (!now) return "nothing_written";
      if (now.peer_id !== file.peer_id || now.peer_token !== file.peer_token || now.agent_pid !== file.agent_pid) return "changed";
      if (this.#isConnected) continue;
      if (this.#clock.monotonic() - this.#aloneSinceMs > lonelyMs) return "no_daemon";
      // The next life of the daemon may be somewhere else.
      if ((await this.#address()) !== address) return "changed";
    }
    return "replaced";
  }

  async #reportExit(client: Client, { peer_id, pane_id }: HookFile): Promise<void> {
    await client.peers.offline({ id: peer_id, reason: "agent_exited", terminal: true }, { timeoutMs: 5_000 }).catch((error: unknown) => {
      if (!isAnodeError(error)) throw error;
    });
    await this.#files.remove(pane_id, peer_id);
  }

  async #endOf({ code, error }: PeerDisconnect, { pane_id, peer_id }: HookFile): Promise<PaneHookEnd> {
    if (this.#isOver) return "agent_exited";
    if (code === 4005) return "replaced";
    if (code !== 4004 && code !== 4009 && error?.code !== "peer_retired") return "refused";
    await this.#files.remove(pane_id, peer_id);
    return "retired";
  }

  async #evidence({ pane_id, ...file }: HookFile): Promise<"ok" | "fail" | "unavailable"> {
    return paneEvidence(await lookAtPane(this.#panes, pane_id, agentOf({ pane_id, ...file })));
  }

  async #address(): Promise<string> {
    return formatAddress((await discover(this.#options.env)).address);
  }

  async #written(): Promise<HookFile | undefined> {
    const written = await this.#files.read(this.#options.pane_id);
    return written.probe === "ok" ? written.found : undefined;
  }

  async #note(peer_id: string, changes: Partial<HookFile>): Promise<void> {
    const file = await this.#written();
    if (file?.peer_id === peer_id) await this.#files.write({ ...file, ...changes });
  }
}

function agentOf({ agent_pid, agent_started }: HookFile): KnownProcess | undefined {
  return agent_pid === undefined || agent_started === undefined ? undefined : { pid: agent_pid, started: agent_started };
}

/** One hook for each pane; the one before may still have to notice that its agent is gone. */
async function lockOf(path: string, waitMs: number, clock: Clock): Promise<Lock | undefined> {
  for (const end = clock.monotonic() + waitMs; ; await pause(250, clock)) {
    try {
      return acquireLock(path);
    } catch (error) {
      const isHeld = isAnodeError(error) && error.details?.["reason"] === "locked";
      if (!isHeld) throw error;
      if (clock.monotonic() > end) return undefined;
    }
  }
}

function pause(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(done, milliseconds);
    function done(): void {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
