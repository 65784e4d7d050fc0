import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sdk from "@agentclientprotocol/sdk";
import { onTestFinished } from "vitest";
import type { AgentAppOptions } from "../../../adapters/acp/agent-app.js";
import { createAgentApp, openSessionPairs } from "../../../adapters/acp/index.js";
import { createClient } from "../../../adapters/client/index.js";
import type { Executor } from "../../../lib/runs/executor.js";
import type { RunManager } from "../../../lib/runs/manager.js";
import type { RunManagerOptions } from "../../../lib/runs/options.js";
import { openManager } from "../../support/manager.js";

/** An editor that is connected to the runs of a manager. */
export interface Editor {
  readonly manager: RunManager;
  readonly agent: sdk.ClientContext;
  /** What the editor was told, in order. */
  readonly updates: (sdk.SessionUpdate & Record<string, unknown>)[];
  readonly asked: sdk.RequestPermissionRequest[];
  /** Opens a session. */
  session(cwd?: string): Promise<string>;
  prompt(sessionId: string, text: string): Promise<sdk.PromptResponse>;
  /** The editor goes. */
  leave(): Promise<void>;
}

/** How the editor answers. */
export interface EditorOptions extends AgentAppOptions {
  readonly manager?: RunManagerOptions;
  readonly answer?: (request: sdk.RequestPermissionRequest) => sdk.RequestPermissionOutcome | Promise<sdk.RequestPermissionOutcome>;
  readonly fill?: (request: sdk.CreateElicitationRequest) => sdk.CreateElicitationResponse;
  readonly capabilities?: sdk.ClientCapabilities;
  readonly pairsFile?: string;
}

/** A folder for the pairs of one test. */
export function pairsFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-pairs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "home", "acp-sessions.json");
}

/** An editor over the in-memory pair. */
export async function openEditor(executor: Executor, options: EditorOptions = {}): Promise<Editor> {
  const {
    manager: managerOptions,
    answer = () => ({ outcome: "cancelled" }),
    fill,
    capabilities = {},
    pairsFile: file = pairsFile(),
  } = options;
  const manager = await openManager(executor, managerOptions);
  const client = createClient(manager);
  const served = createAgentApp(sdk, client, openSessionPairs(file), options);
  const updates: Editor["updates"] = [];
  const asked: sdk.RequestPermissionRequest[] = [];
  const app = sdk
    .client({ name: "editor" })
    .onNotification("session/update", ({ params }) => void updates.push(params.update as Editor["updates"][number]))
    .onRequest("session/request_permission", async ({ params }) => {
      asked.push(params);
      return { outcome: await answer(params) };
    })
    .onRequest("elicitation/create", ({ params }) => fill?.(params) ?? { action: "cancel" });
  const connection = app.connect(served.app);
  const leave = async (): Promise<void> => {
    connection.close();
    await served.close();
  };
  onTestFinished(leave);
  await connection.agent.request("initialize", { protocolVersion: 1, clientCapabilities: capabilities });
  return {
    manager,
    agent: connection.agent,
    updates,
    asked,
    leave,
    session: async (cwd = "/tmp") => (await connection.agent.request("session/new", { cwd, mcpServers: [] })).sessionId,
    prompt: (sessionId, text) => connection.agent.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] }),
  };
}
