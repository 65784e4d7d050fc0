import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { parseDescription } from "../../../../lib/agent/toolbox/description.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset, type OpenedToolset } from "../../../support/open-toolset.js";

let agent: AgentRoom;
let toolset: OpenedToolset | undefined;
beforeEach(async () => {
  agent = await openAgentRoom({ request: { approval_mode: "unrestricted" } });
});
afterEach(async () => {
  await toolset?.close();
  toolset = undefined;
  await agent.close();
});

async function program(path: string, description: object | string, execute = "cat"): Promise<void> {
  const text = typeof description === "string" ? description : JSON.stringify(description);
  await chmod(
    await agent.write(path, `#!/bin/sh\nif [ "$TOOLBOX_ACTION" = describe ]; then cat <<'END'\n${text}\nEND\nexit 0; fi\n${execute}\n`),
    0o755,
  );
}

const open = async (config: AgentConfig = { tools: { toolboxDirs: [join(agent.folder, "box")] } }, env = {}) =>
  (toolset = await openTestToolset(agent, config, { env: { PATH: process.env["PATH"], ...env } }));
const ours = () => toolset?.tools.filter(({ name }) => name.startsWith("tb__")) ?? [];
const notices = () =>
  agent.run.of("system.notice").map(({ payload }) => `${String(payload["code"])}: ${String(payload["text"]).replaceAll(agent.folder, "")}`);

describe("the toolbox", { timeout: 30_000 }, () => {
  it("offers its programs and runs them with the arguments on their input", async () => {
    await program(
      "../box/one",
      { name: "My Tool.2", description: "does", args: { text: "string", n: { type: "integer", required: false } } },
      'cat; echo " in $TOOLBOX_WORKSPACE"',
    );
    const { run } = await open();
    expect(ours()).toMatchObject([
      {
        name: "tb__my_tool_2",
        description: "does",
        level: "confirm_execute",
        opaque: true,
        parameters: {
          type: "object",
          properties: { text: { type: "string" }, n: { type: "integer" } },
          required: ["text"],
          additionalProperties: false,
        },
      },
    ]);
    expect(await run("tb__my_tool_2", { text: "hi" })).toMatchObject({ ok: true, text: `{"text":"hi"} in ${agent.root}\n`, exit_code: 0 });
  });

  it("gives an error with the end of the error output", async () => {
    await program("../box/one", { name: "one", description: "" }, "echo half; echo why >&2; exit 5");
    expect(await (await open()).run("tb__one", {})).toMatchObject({
      ok: false,
      text: "error: failed: exit code 5\nwhy\nhalf",
      error: "exit code 5",
      exit_code: 5,
    });
  });

  it("ends a program whose time is over: its own, else the configured one", async () => {
    await program("../box/one", { name: "one", description: "", timeout_seconds: 0.2 }, "sleep 600");
    await program("../box/two", { name: "two", description: "" }, "sleep 600");
    const { run } = await open({ tools: { toolboxDirs: [join(agent.folder, "box")], externalTimeout: 300 } });
    expect((await run("tb__one", {})).text).toBe("error: timed_out: timed out after 200 ms");
    expect((await run("tb__two", {})).text).toBe("error: timed_out: timed out after 300 ms");
  });

  it("looks in $ANODE_TOOLBOX first, and the earlier folder wins a name", async () => {
    await program("../box/one", { name: "one", description: "later" });
    await program("../env/one", { name: "one", description: "first" });
    await open(undefined, { ANODE_TOOLBOX: `${join(agent.folder, "env")}:${join(agent.folder, "none")}` });
    expect(ours().map(({ description }) => description)).toEqual(["first"]);
    expect(notices()).toEqual(["toolbox_skipped: /box/one is skipped: there is a tb__one already."]);
  });

  it("skips, with a notice, what does not describe itself", async () => {
    await program("../box/a", "not json");
    await program("../box/b", { name: "", description: "" });
    await program("../box/c", { name: "c", description: "", args: { x: "date" } });
    await chmod(await agent.write("../box/d", "#!/bin/sh\nexit 4\n"), 0o755);
    await agent.write("../box/e-not-executable", "");
    await open();
    expect(ours()).toEqual([]);
    expect(notices()).toEqual([
      "toolbox_skipped: /box/a is skipped: its description is not JSON.",
      expect.stringMatching(/^toolbox_skipped: \/box\/b is skipped: its description is wrong: name: /),
      "toolbox_skipped: /box/c is skipped: its args are wrong: x.",
      "toolbox_skipped: /box/d is skipped: it left with exit code 4 when asked to describe itself.",
    ]);
  });

  it("asks in auto whatever level a program claims to confirm, and believes what it claims to read", async () => {
    await agent.close();
    agent = await openAgentRoom({ request: { approval_mode: "auto" } });
    await program("../box/a", { name: "a", description: "" });
    await program("../box/b", { name: "b", description: "", permission: "auto_read" });
    await program("../box/c", { name: "c", description: "", permission: "interactive" });
    const { run } = await open();
    expect(ours().map(({ level }) => level)).toEqual(["confirm_execute", "auto_read", "confirm_execute"]);
    expect((await run("tb__a", {})).text).toBe("denied: no_approver");
    expect((await run("tb__b", {})).ok).toBe(true);
  });
});

describe("parseDescription", () => {
  it("takes a JSON schema as it is", () => {
    const args = { type: "object", properties: { x: { type: "string", pattern: "^a" } } };
    expect(parseDescription(JSON.stringify({ name: "a", description: "", args })).parameters).toEqual(args);
  });
});
