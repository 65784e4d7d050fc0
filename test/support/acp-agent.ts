// An agent of the Agent Client Protocol whose prompt is its script: `#script say hi | write a.txt text | hang`.
// Imported it is an app for the in-memory pair, run as a program it speaks on standard input and output.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  agent,
  type AgentApp,
  type AgentContext,
  ndJsonStream,
  RequestError,
  type RequestPermissionRequest,
  type SessionUpdate,
  type ToolCallUpdate,
} from "@agentclientprotocol/sdk";

/** What the agent is like. */
export interface AgentTraits {
  /** Where sessions are kept; what is there can be resumed by another process. @defaultValue none are kept */
  readonly folder?: string | undefined;
  /** Hears of every request. */
  readonly heard?: (method: string, params: unknown) => void;
  readonly resume?: "load" | "resume" | "none";
  readonly asConfigOption?: boolean;
  readonly steers?: boolean;
  /** Tells its past only after it said that it is ready. */
  readonly lateReplay?: boolean;
}

interface Turn {
  readonly client: AgentContext;
  readonly sessionId: string;
  readonly cwd: string;
  readonly canceled: AbortSignal;
  readonly steers: string[];
  tell(update: object): Promise<void>;
}

const modes = ["default", "plan", "agent-full-access"].map((id) => ({ id, name: id }));
let calls = 0;

const steps: Readonly<Record<string, (turn: Turn, text: string) => Promise<object | void>>> = {
  say: (turn, text) => speak(turn, "agent_message_chunk", text),
  think: (turn, text) => speak(turn, "agent_thought_chunk", text),
  async write(turn, text) {
    const [path = ""] = text.split(" ");
    const content = text.slice(path.length + 1);
    const file = resolve(turn.cwd, path);
    const diff = { type: "diff", path: file, oldText: null, newText: content };
    await act(turn, { title: `Write ${path}`, kind: "edit", rawInput: { path: file }, content: [diff] }, async () => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return `wrote ${path}`;
    });
  },
  sh: (turn, command) => act(turn, { title: command, kind: "execute", rawInput: { command } }, () => shell(turn, command)),
  read: (turn, path) => tellRead(turn, path),
  async fs(turn, text) {
    const [path = "", content = ""] = text.split(" ");
    const told = await turn.client
      .request("fs/write_text_file", { sessionId: turn.sessionId, path: resolve(turn.cwd, path), content })
      .then(
        () => "written",
        (error: unknown) => `refused ${(error as Error).message}`,
      );
    await speak(turn, "agent_message_chunk", told);
  },
  async pick(turn, text) {
    const property = text === "" ? { type: "string" } : { type: "string", enum: text.split(" ") };
    const request = {
      mode: "form",
      sessionId: turn.sessionId,
      message: "Which?",
      requestedSchema: { type: "object", properties: { it: property } },
    };
    await speak(turn, "agent_message_chunk", JSON.stringify(await turn.client.request("elicitation/create", request as never)));
  },
  async tell(turn, json) {
    await turn.tell(JSON.parse(json) as object);
  },
  async slow(turn, text) {
    const [count = 0, ms = 0] = text.split(" ").map(Number);
    for (let at = 0; at < count && !turn.canceled.aborted; at += 1) {
      await turn.tell({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: `tick${at} ` } });
      await new Promise((done) => setTimeout(done, ms));
    }
  },
  async hang(turn) {
    await new Promise((done) => (turn.canceled.aborted ? done(undefined) : turn.canceled.addEventListener("abort", done)));
  },
  async deaf() {
    await new Promise(() => {});
  },
  async steered(turn) {
    while (turn.steers.length === 0 && !turn.canceled.aborted) await new Promise((done) => setTimeout(done, 5));
    await speak(turn, "agent_message_chunk", `steered by ${turn.steers.join(" ")}`);
  },
  async error(_turn, code) {
    throw new RequestError(Number(code), `scripted ${code}`);
  },
  async exit(_turn, code) {
    process.stderr.write("last words\n", () => process.exit(Number(code)));
    await new Promise(() => {});
  },
  async junk() {
    process.stdout.write("this is no message\n");
  },
  result: async (_turn, json) => JSON.parse(json) as object,
};

async function speak(turn: Turn, sessionUpdate: string, text: string): Promise<void> {
  const messageId = `msg-${(calls += 1)}`;
  for (const word of text.split(/(?<= )/)) await turn.tell({ sessionUpdate, messageId, content: { type: "text", text: word } });
}

async function act(
  turn: Turn,
  call: { title: string; kind: string; rawInput: object; content?: object[] },
  work: () => Promise<string>,
): Promise<void> {
  const toolCallId = `call-${(calls += 1)}`;
  await turn.tell({ sessionUpdate: "tool_call", toolCallId, status: "pending", ...call });
  const options = (["allow_once", "allow_always", "reject_once"] as const).map((kind) => ({ kind, optionId: kind, name: kind }));
  const request: RequestPermissionRequest = { sessionId: turn.sessionId, toolCall: { toolCallId, ...call } as ToolCallUpdate, options };
  const { outcome } = await turn.client.request("session/request_permission", request);
  const allowed = outcome.outcome === "selected" && outcome.optionId.startsWith("allow");
  const text = allowed ? await work() : "not allowed";
  const content = [...(call.content ?? []), { type: "content", content: { type: "text", text } }];
  await turn.tell({ sessionUpdate: "tool_call_update", toolCallId, status: allowed ? "completed" : "failed", content });
}

async function tellRead(turn: Turn, path: string): Promise<void> {
  const { content } = await turn.client.request("fs/read_text_file", { sessionId: turn.sessionId, path: resolve(turn.cwd, path) });
  await speak(turn, "agent_message_chunk", content);
}

/** A tool's process is a session of its own, as real agents start theirs. */
function shell(turn: Turn, command: string): Promise<string> {
  const child = spawn("/bin/sh", ["-c", command], { cwd: turn.cwd, detached: true, stdio: ["ignore", "pipe", "ignore"] });
  turn.canceled.addEventListener("abort", () => child.kill("SIGTERM"));
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  return new Promise((done) => child.on("exit", () => done(text)));
}

/** A new agent with its own sessions. */
export function scriptedAgent(traits: AgentTraits = {}): AgentApp {
  const { folder, heard = () => {}, resume = "load", asConfigOption = false, steers = false, lateReplay = false } = traits;
  const sessions = new Map<string, { readonly cwd: string; readonly steers: string[]; canceled: AbortController }>();
  const settings = asConfigOption
    ? {
        configOptions: [
          {
            id: "mode",
            name: "Mode",
            category: "mode",
            type: "select" as const,
            currentValue: "default",
            options: modes.map(({ id }) => ({ value: id, name: id })),
          },
          modelOption,
        ],
      }
    : { modes: { currentModeId: "default", availableModes: modes }, configOptions: [modelOption] };
  const enter = (id: string, cwd: string) => sessions.set(id, { cwd, steers: [], canceled: new AbortController() });
  const find = (id: string): void => {
    if (!folder || !readdirSync(folder).includes(id)) throw new RequestError(-32002, `no session ${id}`);
  };

  return agent({ name: "scripted" })
    .onRequest("initialize", ({ params }) => {
      heard("initialize", params);
      return {
        protocolVersion: 1,
        agentInfo: { name: "scripted", version: "1.0.0" },
        agentCapabilities: {
          loadSession: resume === "load",
          sessionCapabilities: { close: {}, ...(resume === "resume" && { resume: {} }) },
        },
        ...(steers && { _meta: { steering: { supported: true } } }),
      };
    })
    .onRequest("session/new", ({ params }) => {
      heard("session/new", params);
      const sessionId = `s-${process.pid}-${(calls += 1)}`;
      enter(sessionId, params.cwd);
      if (folder) writeFileSync(join(folder, sessionId), "");
      return { sessionId, ...settings };
    })
    .onRequest("session/load", async ({ params, client }) => {
      heard("session/load", params);
      find(params.sessionId);
      enter(params.sessionId, params.cwd);
      const past: SessionUpdate = { sessionUpdate: "agent_message_chunk", content: { type: "text", text: "of long ago" } };
      const tellPast = async (): Promise<void> => {
        for (const update of [past, past, costs(0.5)]) await client.notify("session/update", { sessionId: params.sessionId, update });
      };
      if (lateReplay) setTimeout(() => void tellPast(), 20);
      else await tellPast();
      return settings;
    })
    .onRequest("session/resume", ({ params }) => {
      heard("session/resume", params);
      find(params.sessionId);
      enter(params.sessionId, params.cwd);
      return settings;
    })
    .onRequest("session/set_mode", ({ params }) => heard("session/set_mode", params))
    .onRequest("session/set_config_option", ({ params }) => {
      heard("session/set_config_option", params);
      return { configOptions: [] };
    })
    .onRequest("session/close", ({ params }) => heard("session/close", params))
    .onNotification("session/cancel", ({ params }) => {
      heard("session/cancel", params);
      sessions.get(params.sessionId)?.canceled.abort();
    })
    .onRequest(
      "_session/steering",
      (params: unknown) => params as { sessionId: string; prompt: { text: string }[] },
      ({ params }) => {
        heard("_session/steering", params);
        const text = params.prompt[0]?.text ?? "";
        if (text.includes("later")) return { outcome: "promptRequired" };
        sessions.get(params.sessionId)?.steers.push(text);
        return { outcome: "injected" };
      },
    )
    .onRequest("session/prompt", async ({ params, client }) => {
      heard("session/prompt", params);
      const { sessionId } = params;
      const session = sessions.get(sessionId);
      if (!session) throw new RequestError(-32002, "no such session");
      const canceled = (session.canceled = new AbortController()).signal;
      const tell = (update: object): Promise<void> => client.notify("session/update", { sessionId, update: update as SessionUpdate });
      const turn: Turn = { client, sessionId, cwd: session.cwd, canceled, steers: session.steers, tell };
      const text = params.prompt.map((block) => (block.type === "text" ? block.text : "")).join("");
      const script = /#script(.*)/s.exec(text)?.[1] ?? ` say ${text}`;
      let extra: object = { usage: { inputTokens: 100, outputTokens: 7, totalTokens: 107, cachedReadTokens: 3 } };
      for (const step of script.split("|").map((part) => part.trim())) {
        const [name = "", ...words] = step.split(" ");
        extra = (await steps[name]?.(turn, words.join(" "))) ?? extra;
        if (canceled.aborted) return { stopReason: "cancelled" as const };
      }
      return { stopReason: "end_turn" as const, ...extra };
    });
}

const modelOption = {
  id: "model",
  name: "Model",
  category: "model",
  type: "select" as const,
  currentValue: "small",
  options: [
    { value: "small", name: "Small" },
    { value: "large", name: "Large" },
  ],
};

/** A `usage_update` with the given cost. */
export function costs(amount: number): SessionUpdate {
  return { sessionUpdate: "usage_update", used: 10, size: 100, cost: { amount, currency: "USD" } };
}

if (process.argv[1] === import.meta.filename) {
  const { ACP_FOLDER: folder, ACP_DEAF: deaf } = process.env;
  if (deaf) for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
  // An agent that does not leave when its input ends.
  if (deaf) setInterval(() => {}, 1000);
  const stream = ndJsonStream(
    Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
    Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
  );
  scriptedAgent({ folder, steers: true }).connect(stream);
}
