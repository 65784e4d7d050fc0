import { AnodeError, isAnodeError } from "../../lib/errors.js";
import type { ApprovalMode } from "../../lib/runs/schema.js";
import { version } from "../../lib/version.js";
import { createEditorSession, type EditorSession } from "./editor-session.js";
import { promptText } from "./prompt-text.js";
import { putQuestion } from "./put-question.js";
import type { RunsClient } from "./runs-client.js";
import type { AgentApp, AgentContext, ClientCapabilities, Sdk, SessionUpdate } from "./sdk.js";
import type { SessionPairs } from "./session-pairs.js";

/** How runs are served as an agent. */
export interface AgentAppOptions {
  /** Profile of the runs. @defaultValue the daemon's */
  readonly profile?: string;
  /** Puts the questions of runs to the editor. @defaultValue true */
  readonly approves?: boolean;
}

/** The agent with its sessions. */
export interface ServedAgent {
  readonly app: AgentApp;
  /** The editor is gone: ends what works for it. */
  close(): Promise<void>;
}

const modes: readonly ApprovalMode[] = ["ask", "auto", "unrestricted"];
const invalidParams = -32_602;
const notFound = -32_002;
const internal = -32_603;

/** The daemon's runs as an agent of the Agent Client Protocol. */
export function createAgentApp(sdk: Sdk, client: RunsClient, pairs: SessionPairs, options: AgentAppOptions = {}): ServedAgent {
  const { profile, approves = true } = options;
  const sessions = new Map<string, EditorSession>();
  const gone = new AbortController();
  let offered: ClientCapabilities = {};
  const refuse = (code: number, message: string): Error => new sdk.RequestError(code, message);

  function open(id: string, cwd: string, thread: string | undefined, editor: AgentContext): EditorSession {
    const takesForms = Boolean(offered.elicitation?.form);
    const tell = (update: SessionUpdate): void => void editor.notify("session/update", { sessionId: id, update }).catch(() => {});
    const say = (text: string): void => tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
    const session = createEditorSession({
      client,
      cwd,
      profile,
      thread,
      takesNotices: Boolean(offered.session?.notices),
      tell,
      named: (session_id) => pairs.keep({ id, session_id }),
      signal: gone.signal,
      ...(approves && {
        put: (question, signal) => void putQuestion(question, { client, editor, sessionId: id, takesForms, say, signal }),
      }),
    });
    sessions.set(id, session);
    return session;
  }

  /** A session of the past, by the editor's id or the thread's own. */
  async function reopen({ sessionId, cwd, mcpServers = [] }: Reopening, editor: AgentContext): Promise<EditorSession> {
    assertNoServers(mcpServers);
    const pair = pairs.find(sessionId);
    if (pair) return open(sessionId, cwd, pair.session_id, editor);
    const { runs } = await client.runs.list({ session_id: sessionId, limit: 1 });
    if (runs.length === 0) throw refuse(notFound, `There is no session ${sessionId.slice(0, 100)}.`);
    return open(sessionId, cwd, sessionId, editor);
  }

  function find(id: string): EditorSession {
    const session = sessions.get(id);
    if (!session) throw refuse(notFound, `There is no session ${id.slice(0, 100)}.`);
    return session;
  }

  function assertNoServers(servers: readonly unknown[]): void {
    if (servers.length > 0) throw refuse(invalidParams, "mcpServers must be empty: the servers are those of anode's own configuration.");
  }

  /** The problem of a failed run or call, as the protocol tells errors. */
  async function told<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      if (!isAnodeError(error)) throw error;
      throw new sdk.RequestError(internal, error.message, { code: error.code, detail: error.message, ...hintOf(error) });
    }
  }

  const app = sdk
    .agent({ name: "anode" })
    .onRequest("initialize", ({ params }) => {
      offered = params.clientCapabilities ?? {};
      return {
        protocolVersion: 1,
        agentInfo: { name: "anode", version },
        agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} }, promptCapabilities: { embeddedContext: true } },
        authMethods: [],
      };
    })
    .onRequest("session/new", ({ params, client: editor }) => {
      assertNoServers(params.mcpServers);
      const id = `acp-${crypto.randomUUID()}`;
      pairs.keep({ id });
      open(id, params.cwd, undefined, editor);
      return { sessionId: id, modes: modeState() };
    })
    .onRequest("session/load", async ({ params, client: editor }) => {
      const session = await told(reopen(params, editor));
      await told(session.replay());
      return { modes: modeState() };
    })
    .onRequest("session/resume", async ({ params, client: editor }) => {
      await told(reopen(params, editor));
      return { modes: modeState() };
    })
    .onRequest("session/set_mode", ({ params }) => {
      const mode = modes.find((known) => known === params.modeId);
      if (!mode) throw refuse(invalidParams, `modeId must be one of ${modes.join(", ")}.`);
      find(params.sessionId).setMode(mode);
    })
    .onRequest("session/prompt", async ({ params }) => {
      const session = find(params.sessionId);
      const text = promptText(params.prompt);
      if (text === undefined) throw refuse(invalidParams, "prompt may hold text, links to resources and embedded texts only.");
      if (text.trim() === "") throw refuse(invalidParams, "prompt must not be blank.");
      return told(session.prompt(text));
    })
    .onNotification("session/cancel", ({ params }) => sessions.get(params.sessionId)?.cancel());

  return {
    app,
    async close() {
      const ending = [...sessions.values()].map((session) => session.cancel());
      await Promise.all(ending);
      gone.abort(new AnodeError("aborted", "The editor is gone."));
    },
  };
}

interface Reopening {
  readonly sessionId: string;
  readonly cwd: string;
  readonly mcpServers?: readonly unknown[];
}

function modeState() {
  return { currentModeId: "ask", availableModes: modes.map((id) => ({ id, name: names[id] })) };
}

const names: Readonly<Record<ApprovalMode, string>> = {
  ask: "Ask before writing and running",
  auto: "Ask before writing and for what looks destructive",
  unrestricted: "Never ask",
};

function hintOf({ details }: AnodeError): object {
  return typeof details?.["hint"] === "string" ? { hint: details["hint"] } : {};
}
