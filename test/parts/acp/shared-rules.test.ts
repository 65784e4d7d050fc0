import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type AgentConfig, createForeignRules, createForeignServers } from "../../../lib/agent/index.js";
import type { Question } from "../../../lib/questions/schema.js";
import { openAcpBench } from "../../support/acp.js";
import { scriptedAgent } from "../../support/acp-agent.js";

/** A foreign agent under the rules and with the servers of the built-in one. */
async function open(config: AgentConfig, option_id = "allow_once") {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
  const [cwd, home] = [join(root, "work"), join(root, "home")];
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of [cwd, home]) mkdirSync(folder);
  const ground = { config, home, env: { PATH: process.env["PATH"] } };
  const questions: Question[] = [];
  const heard: unknown[] = [];
  const connect = () => scriptedAgent({ heard: (method, params) => void (method === "session/new" && heard.push(params)) });
  const bench = await openAcpBench(
    { connect, permissions: createForeignRules(ground), mcpServers: createForeignServers(ground) },
    { onQuestion: (question) => (questions.push(question), { option_id }) },
  );
  return { bench, cwd, home, questions, heard };
}

describe("a foreign agent", () => {
  it("is held to the configured rules, and its questions carry the lasting rule", async () => {
    const { bench, cwd, questions } = await open({ permissions: [{ tool: "bash", args: { command: ["true"] }, action: "allow" }] });
    const { of } = await bench.run({ prompt: "#script sh true | sh false", cwd });
    expect(questions).toMatchObject([{ metadata: { rule: { tool: "bash", args: { command: ["false"] }, action: "allow" } } }]);
    expect(of("tool.updated").map(({ payload }) => payload["decision"])).toEqual(["allow"]);
  });

  it("is asked once for commands alike after an always", async () => {
    const { bench, cwd, questions } = await open({}, "allow_always");
    await bench.run({ prompt: "#script sh echo a | sh echo b | sh uname", cwd });
    expect(questions).toHaveLength(2);
  });

  it("is held to the hooks of plugins, also of one that breaks, and these end with the run", async () => {
    const log = join(realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-"))), "log");
    onTestFinished(() => rmSync(dirname(log), { recursive: true, force: true }));
    const plugin = (behavior: string) => ({
      processes: [{ command: process.execPath, args: [resolve("test/support/plugin.mjs"), behavior, log] }],
    });
    const denials = async (behavior: string) => {
      const { bench, cwd } = await open({ plugins: plugin(behavior) });
      const { of } = await bench.run({ prompt: "#script sh true | write a.txt x", cwd, approval_mode: "unrestricted" });
      return of("run.completed").map(({ payload }) => payload["permission_denials"]);
    };
    expect(await denials("good")).toMatchObject([[{ tool: "execute", reason: "no shell today" }]]);
    expect(readFileSync(log, "utf8").split("\n").slice(0, 4)).toEqual(["initialize", "hook", "hook", "shutdown"]);
    expect(await denials("crash-in-hook")).toMatchObject([[{ tool: "execute", reason: "it left with exit code 3" }]]);
  });

  it("gets the servers it can use, and what became of each is told", async () => {
    const { bench, cwd, home, heard } = await open({});
    const mcpServers = { one: { command: "one" }, web: { url: "http://127.0.0.1:1/" }, off: { command: "off", disabled: true } };
    writeFileSync(join(home, "mcp.json"), JSON.stringify({ mcpServers }));
    const { of } = await bench.run({ prompt: "#script say hi", cwd });
    expect(heard).toMatchObject([{ mcpServers: [{ name: "one", command: "one", args: [], env: [] }] }]);
    expect(of("system.init")[0]?.payload["mcp_servers"]).toEqual([
      { name: "one", status: "connected" },
      { name: "web", status: "failed" },
      { name: "off", status: "disabled" },
    ]);
  });
});
