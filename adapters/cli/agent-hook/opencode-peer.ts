import { spawn } from "node:child_process";
import type { ClientFrame, MessageFrame } from "../../../lib/index.js";
import { agentText } from "../../../lib/messages/agent-text.js";
import { type Client, connect, type PeerConnection, type PeerOptions, type Receipt } from "../../client/index.js";
import { toAgentMessage } from "./to-agent-message.js";

interface InSession {
  readonly path: { readonly id: string };
}

interface Said {
  readonly info: { readonly role: string };
  readonly parts: readonly { readonly type: string; readonly text?: string }[];
}

/** What OpenCode hands to a plugin, as far as it is used here. */
export interface OpencodeInput {
  readonly directory: string;
  readonly client: {
    readonly session: {
      get(call: InSession): Promise<{ readonly data?: { readonly parentID?: string } | undefined }>;
      messages(call: InSession): Promise<{ readonly data?: readonly Said[] | undefined }>;
      promptAsync(call: InSession & { readonly body: object }): Promise<{ readonly error?: unknown }>;
    };
  };
}

/** By whom and how a person's last prompt was to be answered. */
interface Prompt {
  readonly sessionID: string;
  readonly agent?: string;
  readonly model?: object;
  readonly variant?: string;
}

/** The hooks that OpenCode calls. */
export interface OpencodeHooks {
  "chat.message"(prompt: Prompt, output?: { readonly parts?: Said["parts"] }): Promise<void>;
  "experimental.chat.system.transform"(input: unknown, output: { readonly system: string[] }): Promise<void>;
  event(input: { readonly event: { readonly type: string; readonly properties?: EventProperties } }): Promise<void>;
  dispose(): Promise<void>;
}

interface EventProperties {
  readonly sessionID?: string;
  readonly info?: { readonly id: string; readonly parentID?: string };
}

/** The program whose hooks do what needs Node. */
export interface HookProgram {
  readonly node: string;
  readonly program: string;
}

type Report = Omit<Extract<ClientFrame, { readonly type: "status" }>, "type">;

const mostCharacters = 65_536;
/** A dialog came up, or is gone. */
const dialogs: Readonly<Record<string, Report>> = {
  "permission.asked": { turn_state: "awaiting_input" },
  "permission.updated": { turn_state: "awaiting_input" },
  "permission.replied": { turn_state: "working" },
  "question.asked": { turn_state: "awaiting_input" },
  "question.replied": { turn_state: "working" },
  "question.rejected": { turn_state: "working" },
};

/**
 * The hooks that make a session of OpenCode a peer: it has a socket of its own, what it is told goes in through the runtime's own
 * interface, and its turns are reported. They never stand in the agent's way: without a daemon they do nothing.
 */
export function opencodePeer(input: OpencodeInput, program: HookProgram): OpencodeHooks {
  const peer = new OpencodePeer(input, program);
  return {
    "chat.message": async (prompt, output) => peer.prompted(prompt, output?.parts ?? []).catch(() => {}),
    "experimental.chat.system.transform": async (_, { system }) => {
      if (peer.introduction !== undefined) system.push(peer.introduction);
    },
    event: async ({ event: { type, properties = {} } }) => peer.happened(type, properties).catch(() => {}),
    dispose: () => peer.end().catch(() => {}),
  };
}

class OpencodePeer {
  readonly #input: OpencodeInput;
  readonly #program: HookProgram;
  /** The person's session; those of its helpers are known by their parent. */
  #session: string | undefined;
  readonly #children = new Set<string>();
  #prompt: Prompt | undefined;
  #turn = 0;
  #isTurnOpen = false;
  /** What was reported last, with what of it nobody has heard yet. */
  #report: Report = {};
  #joining: Promise<void> | undefined;
  #daemon: Client | undefined;
  #peer: PeerConnection | undefined;
  introduction: string | undefined;

  constructor(input: OpencodeInput, program: HookProgram) {
    this.#input = input;
    this.#program = program;
  }

  async prompted(prompt: Prompt, parts: Said["parts"]): Promise<void> {
    const { sessionID } = prompt;
    if (await this.#isChild(sessionID)) return;
    this.#session = sessionID;
    this.#prompt = prompt;
    this.#turn += 1;
    this.#isTurnOpen = true;
    const first_line = textOf(parts).trim().split(/\r?\n/, 1)[0]?.slice(0, 1_024);
    this.#say({
      status: "busy",
      turn_state: "working",
      turn: { turn_id: this.#turnId, event: "started", ...(first_line && { first_line }) },
    });
    this.#join();
  }

  async happened(type: string, { sessionID, info }: EventProperties): Promise<void> {
    if (type === "session.created" && info) {
      if (info.parentID !== undefined) return void this.#children.add(info.id);
      this.#session = info.id;
      return this.#join();
    }
    if (sessionID === undefined || sessionID !== this.#session) return;
    if (type === "session.idle") return this.#ended(sessionID);
    const report = dialogs[type];
    if (report) this.#say(report);
  }

  async end(): Promise<void> {
    const peer = this.#peer;
    await this.#joining;
    if (this.#session === undefined || !peer) return;
    await this.#hook("session-end", { session_id: this.#session, cwd: this.#input.directory, reason: "exit" });
    await this.#daemon?.close();
  }

  get #turnId(): string {
    return `${this.#session}-${this.#turn}`.slice(0, 128);
  }

  async #ended(id: string): Promise<void> {
    const turn_id = this.#turnId;
    const wasOpen = this.#isTurnOpen;
    this.#isTurnOpen = false;
    const said = wasOpen ? await this.#input.client.session.messages({ path: { id } }).catch(() => undefined) : undefined;
    const last = textOf(said?.data?.findLast(({ info }) => info.role === "assistant")?.parts ?? []).slice(0, mostCharacters);
    const final_message = last.trim() === "" ? {} : { final_message: last.replaceAll("\u0000", "\uFFFD") };
    // Whatever was prompted meanwhile is another turn.
    if (this.#isTurnOpen) return;
    this.#say({ status: "online", turn_state: "idle", ...(wasOpen && { turn: { turn_id, event: "ended", ...final_message } }) });
  }

  /** Helpers of the agent have sessions of their own, and are no peers. */
  async #isChild(id: string): Promise<boolean> {
    if (id === this.#session) return false;
    if (this.#children.has(id)) return true;
    const { data } = await this.#input.client.session.get({ path: { id } });
    return data?.parentID !== undefined;
  }

  #say(report: Report): void {
    const { turn: _told, ...state } = report;
    this.#report = this.#peer?.status(report) ? state : report;
  }

  /** Becomes a peer, in the background: a person's prompt waits for nobody. */
  #join(): void {
    if (this.#peer || this.#joining) return;
    this.#joining = this.#connect()
      .catch(() => {})
      .finally(() => (this.#joining = undefined));
  }

  async #connect(): Promise<void> {
    const told = await this.#hook("session", { session_id: this.#session, cwd: this.#input.directory, hook_event_name: "SessionStart" });
    if (told.trim() === "") return;
    const { own, introduction } = JSON.parse(told) as { readonly own: PeerOptions; readonly introduction: string };
    const daemon = await connect();
    const put = (frame: MessageFrame): Promise<Receipt> => this.#put(frame);
    const peer = daemon.connectPeer(
      { ...own, capabilities: ["delivery_receipts", "turn_reports"] },
      { ask: put, notify: put, broadcast: put, reply: put, connected: () => this.#say(this.#report) },
    );
    [this.#daemon, this.#peer, this.introduction] = [daemon, peer, introduction];
    void peer.ended.then(() => {
      // The next prompt makes it a peer again.
      if (this.#peer === peer) this.#peer = undefined;
      return daemon.close();
    });
  }

  async #put(frame: MessageFrame): Promise<Receipt> {
    const id = this.#session;
    if (id === undefined) return { status: "rejected", detail: "no_session" };
    const text = agentText(toAgentMessage(frame, this.#peer?.peer?.display_name ?? "me"));
    // As the person works just now: a message must not get an agent that may do more.
    const { agent, model, variant } = this.#prompt ?? {};
    const as = { ...(agent !== undefined && { agent }), ...(model && { model }), ...(variant !== undefined && { variant }) };
    const { error } = await this.#input.client.session.promptAsync({ path: { id }, body: { ...as, parts: [{ type: "text", text }] } });
    return error === undefined ? { status: "injected" } : { status: "failed", detail: "prompt_refused" };
  }

  /** What a hook of the program prints; nothing where it could not be run. */
  #hook(name: string, told: object): Promise<string> {
    const { node, program } = this.#program;
    return new Promise((resolve) => {
      const child = spawn(node, [program, "hook", name, "--backend", "opencode"], { stdio: ["pipe", "pipe", "ignore"] });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
      child.on("error", () => resolve(""));
      child.on("close", () => resolve(out));
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify(told));
    });
  }
}

function textOf(parts: Said["parts"]): string {
  return parts.flatMap(({ type, text }) => (type === "text" && text !== undefined ? [text] : [])).join("\n");
}
