import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGuidance } from "../../../../lib/agent/guidance/guidance.js";
import { openWorkspace } from "../../../../lib/agent/workspace/workspace.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset } from "../../../support/open-toolset.js";

let agent: AgentRoom;
let leftOut: string[];
beforeEach(async () => {
  agent = await openAgentRoom();
  leftOut = [];
});
afterEach(() => agent.close());

async function guidance(cwd = agent.root) {
  const workspace = await openWorkspace({ cwd, home: agent.home });
  return createGuidance(workspace, async (path) => void leftOut.push(path));
}

describe("guidance", () => {
  it("is of the folders from the root down to where the run works, outer first, one file each", async () => {
    await agent.write("AGENTS.md", "outer");
    await agent.write("CLAUDE.md", "not this");
    await agent.write("a/CLAUDE.md", "middle");
    await agent.write("a/b/AGENT.md", "inner\n");
    await agent.write("other/AGENTS.md", "elsewhere");
    expect(await (await guidance(join(agent.root, "a/b"))).text()).toBe(
      "# AGENTS.md\nouter\n\n# a/CLAUDE.md\nmiddle\n\n# a/b/AGENT.md\ninner",
    );
  });

  it("grows by the folders on the way to what a tool touches", async () => {
    await agent.write("AGENTS.md", "outer");
    await agent.write("a/AGENTS.md", "a");
    await agent.write("a/b/AGENTS.md", "b");
    const text = await guidance();
    text.touch(join(agent.root, "a/b/file.ts"));
    expect(await text.text()).toBe("# AGENTS.md\nouter\n\n# a/AGENTS.md\na\n\n# a/b/AGENTS.md\nb");
    const toolset = await openTestToolset(agent);
    expect(await toolset.guidance()).toBe("# AGENTS.md\nouter");
    await toolset.run("read", { path: "a/AGENTS.md" });
    expect(await toolset.guidance()).toBe("# AGENTS.md\nouter\n\n# a/AGENTS.md\na");
    await toolset.close();
  });

  it.each(["node_modules", ".git", "vendor", "dist", ".agents"])("is nothing of %s and what is below it", async (folder) => {
    await agent.write(`${folder}/AGENTS.md`, "x");
    await agent.write(`${folder}/deep/AGENTS.md`, "x");
    const text = await guidance();
    text.touch(join(agent.root, folder, "deep/x.ts"));
    expect(await text.text()).toBe("");
  });

  it("is no link, and of no folder that lies outside", async () => {
    await agent.write("../outside/AGENTS.md", "secret");
    await symlink("../outside/AGENTS.md", join(agent.root, "AGENTS.md"));
    await symlink("../outside", join(agent.root, "out"));
    const text = await guidance();
    text.touch(join(agent.root, "out/x"));
    text.touch(join(agent.folder, "outside/x"));
    expect(await text.text()).toBe("");
  });

  it("leaves whole files out from the outermost on, beyond 8 files or 32 KiB, and tells once", async () => {
    const deep = Array.from({ length: 9 }, (_, index) => `d${index}`);
    for (let depth = 0; depth <= 9; depth += 1) await agent.write([...deep.slice(0, depth), "AGENTS.md"].join("/"), `level ${depth}`);
    const text = await guidance(join(agent.root, ...deep));
    expect((await text.text()).match(/level \d/g)).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map((depth) => `level ${depth}`));
    await text.text();
    expect(leftOut.toSorted()).toEqual(["AGENTS.md", "d0/AGENTS.md"]);
    await agent.write("big/AGENTS.md", "x".repeat(33 * 1024));
    await agent.write("big/in/AGENTS.md", "small");
    const second = await guidance(join(agent.root, "big/in"));
    expect(await second.text()).toBe("# AGENTS.md\nlevel 0\n\n# big/in/AGENTS.md\nsmall");
  });

  it("includes files by @path: relative, once, three deep, 8 KiB each, never out of the workspace", async () => {
    await agent.write("../outside/x.md", "secret");
    await agent.write("docs/one.md", "ONE @two.md");
    await agent.write("docs/two.md", "TWO @three.md @one.md");
    await agent.write("docs/three.md", "THREE @four.md");
    await agent.write("docs/four.md", "FOUR");
    await agent.write("docs/big.md", "x".repeat(9000));
    await symlink("../outside/x.md", join(agent.root, "link.md"));
    await agent.write(
      "AGENTS.md",
      [
        "See @docs/one.md and @docs/one.md",
        "@docs/big.md",
        "@../outside/x.md @link.md @/etc/hostname @none.md",
        "me@docs/four.md",
        "`@docs/four.md`",
        "```",
        "@docs/four.md",
        "```",
      ].join("\n"),
    );
    const text = await (await guidance()).text();
    expect(text.match(/ONE|TWO|THREE|FOUR/g)).toEqual(["ONE", "TWO", "THREE"]);
    expect(text.match(/x+/g)?.map(({ length }) => length)).toContain(8192);
    expect(text).not.toContain("secret");
    expect(text).toContain("@../outside/x.md @link.md @/etc/hostname @none.md\nme@docs/four.md\n`@docs/four.md`\n```\n@docs/four.md\n```");
  });

  it("is of the workspace alone, not of the user", async () => {
    await agent.write("../home/AGENTS.md", "of the user");
    await mkdir(join(agent.root, "a"));
    expect(await (await guidance(join(agent.root, "a"))).text()).toBe("");
  });
});
