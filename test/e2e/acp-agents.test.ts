import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startDaemon } from "../../adapters/daemon/index.js";
import { createContainment } from "../../lib/node/index.js";
import { scriptedDefinition } from "../support/acp.js";
import { call, daemonHere, daemonPlace, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { sourceWorker } from "../support/sqlite.js";

const program = fileURLToPath(new URL("../support/acp-agent.ts", import.meta.url));
const { levels } = await createContainment({ storeId: `e2e${process.pid}` }).report();

/** A place whose configuration defines the scripted agent and a profile for it. */
function placeWith(definition: object = {}, more: object = {}) {
  const place = daemonPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  const scripted = { ...scriptedDefinition, argv: [process.execPath, program], ...definition };
  const config = { agents: { scripted }, profiles: { mine: { executor: { kind: "acp", agent: "scripted" } } }, ...more };
  writeFileSync(place.home.config, JSON.stringify(config), { mode: 0o600 });
  return place;
}

async function start(target: string, body: object): Promise<string> {
  const { status, json, text } = await call(target, "/runs", { body });
  if (status !== 201) throw new Error(text);
  return json.run_id;
}

describe("a daemon's foreign agents", () => {
  it("run by their profile, and their questions are answered over HTTP", async () => {
    const place = placeWith();
    await daemonHere(place);
    const { socket } = place.home;
    const id = await start(socket, { prompt: "#script write made.txt by the agent", profile: "mine" });
    const [question] = await eventually(async () => {
      const { json } = await call(socket, `/runs/${id}/questions?status=open`);
      return json.questions.length > 0 && json.questions;
    });
    expect(question.tool).toMatchObject({ name: "edit", level: "confirm_write", title: "Write made.txt" });
    const answer = { option_id: "allow_once", digest: question.digest };
    expect((await call(socket, `/runs/${id}/questions/${question.question_id}/answer`, { body: answer })).status).toBe(200);
    const { json: record } = await call(socket, `/runs/${id}/wait?timeout_ms=20000`);
    expect(record).toMatchObject({ status: "completed", executor: "acp", profile: "mine", usage: { input_tokens: 100, output_tokens: 7 } });
    expect(readFileSync(join(place.cwd, "made.txt"), "utf8")).toBe("by the agent");
  });

  it("are held to the configured rules, are told of its tool servers, and what was denied is told at the end", async () => {
    const place = placeWith(
      {},
      {
        permissions: [
          { tool: "bash", args: { command: ["echo *"] }, action: "allow" },
          { tool: "edit_file", args: { path: ["gen/**"] }, action: "deny", reason: "generated" },
        ],
      },
    );
    writeFileSync(join(place.home.path, "mcp.json"), JSON.stringify({ mcpServers: { files: { command: "files" } } }));
    await daemonHere(place);
    const { socket } = place.home;
    const id = await start(socket, { prompt: "#script sh echo hello | write gen/a.txt no", profile: "mine" });
    const { json: record } = await call(socket, `/runs/${id}/wait?timeout_ms=20000`);
    expect(record.status).toBe("completed");
    const { json } = await call(socket, `/runs/${id}/events?limit=100`, { headers: { accept: "application/json" } });
    const of = (type: string) => json.events.filter((event: { type: string }) => event.type === type);
    expect(of("question.asked")).toEqual([]);
    expect(of("tool.result")).toMatchObject([{ payload: { ok: true } }, { payload: { denied: true, deny_reason: "generated" } }]);
    expect(of("run.completed")).toMatchObject([{ payload: { permission_denials: [{ tool: "edit", reason: "generated" }] } }]);
    expect(of("system.init")).toMatchObject([{ payload: { mcp_servers: [{ name: "files", status: "connected" }] } }]);
  });

  it.runIf(levels.pidns.available)("see nothing of the daemon's home", async () => {
    const place = placeWith();
    await daemonHere(place);
    const { socket, path } = place.home;
    const prompt = `#script sh id -u; ls ${path}; cat ${path}/token 2>&1`;
    const id = await start(socket, { prompt, profile: "mine", approval_mode: "unrestricted" });
    await call(socket, `/runs/${id}/wait?timeout_ms=20000`);
    const { json } = await call(socket, `/runs/${id}/events?limit=100`, { headers: { accept: "application/json" } });
    const result = json.events.find((event: { type: string }) => event.type === "tool.result");
    expect(result.payload.output).toContain(String(process.getuid?.()));
    expect(result.payload.output).not.toContain("anode_");
    expect(result.payload.output).not.toContain("daemon.sock");
  });

  it("that are not installed are refused with the line that installs them", async () => {
    const place = daemonPlace();
    await daemonHere({ ...place, env: { ...place.env, PATH: "/usr/bin:/bin" } });
    const { status, json } = await call(place.home.socket, "/runs", { body: { prompt: "hi", profile: "opencode" } });
    expect([status, json.code, json.hint]).toEqual([409, "agent_not_installed", "npm install --global opencode-ai"]);
  });

  it("are swept when the daemon ends", async () => {
    const place = placeWith();
    const daemon = await daemonHere(place);
    const id = await start(place.home.socket, {
      prompt: `#script sh sleep 300; true ${place.cwd}`,
      profile: "mine",
      approval_mode: "unrestricted",
    });
    await eventually(async () => (await call(place.home.socket, `/runs/${id}`)).json.last_seq > 6 && survivors(place.cwd).size > 0);
    await daemon.close();
    expect(survivors(place.cwd)).toEqual(new Map());
  });

  it("of a wrong definition keep the daemon from starting, and the field is named", async () => {
    const place = placeWith({ approval: { ask: 1 } });
    const starting = startDaemon({ env: place.env, cwd: place.cwd, sqliteWorker: sourceWorker() });
    await expect(starting).rejects.toMatchObject({ exit: 78 });
    await expect(starting).rejects.toThrow("agents.scripted: approval.ask");
  });
});
