import { existsSync } from "node:fs";
import { chmod, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { skillsText } from "../../../../lib/agent/skills/find-skills.js";
import { readFrontMatter } from "../../../../lib/agent/skills/front-matter.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { openTestToolset } from "../../../support/open-toolset.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom();
});
afterEach(() => agent.close());

const write = (folder: string, description: string, body = "the body") =>
  agent.write(`${folder}/SKILL.md`, `---\nname: ${folder.split("/").at(-1)}\ndescription: ${description}\n---\n${body}\n`);
const open = (config: AgentConfig = {}) => openTestToolset(agent, config);
const notices = () =>
  agent.run.of("system.notice").map(({ payload }) => `${String(payload["code"])}: ${String(payload["text"]).replaceAll(agent.folder, "")}`);

describe("skills", () => {
  it("are listed in the instructions and given by the tool, with their files, and nothing of them is run", async () => {
    await write("../home/skills/deploy", '"How to deploy: safely"', "Do this.");
    await chmod(await agent.write("../home/skills/deploy/run.sh", "#!/bin/sh\ntouch ran\n"), 0o755);
    await agent.write("../home/skills/deploy/parts/x", "");
    const { close, guidance, run } = await open();
    expect(await guidance()).toBe("# Skills\nThe tool skill gives the text of one of these:\n- deploy: How to deploy: safely");
    expect((await run("skill", { name: "deploy" })).text).toBe(
      `Skill deploy, in ${join(agent.home, "skills/deploy")}\n\nDo this.\n\nFiles of the skill:\nparts/\nrun.sh`,
    );
    expect(existsSync(join(agent.root, "ran"))).toBe(false);
    expect((await run("skill", { name: "../x" })).text).toMatch(/^error: not_found: /);
    await close();
  });

  it("come from the configured paths, the home and the workspace; the earlier wins a name, disabled ones are left out", async () => {
    await write("../more/one", "of the path");
    await write("../home/skills/one", "of the home");
    await write("../home/skills/two", "of the home");
    await write(".agents/skills/two", "of the workspace");
    await write(".agents/skills/three", "of the workspace");
    await write(".agents/skills/four", "off");
    const { close, guidance } = await open({ skills: { paths: ["../more"], disabled: ["four"] } });
    expect((await guidance()).split("\n").slice(2)).toEqual(["- one: of the path", "- two: of the home", "- three: of the workspace"]);
    await close();
  });

  it("that are not well formed are told of and left out", async () => {
    await agent.write("../home/skills/a/SKILL.md", "---\nname: b\ndescription: x\n---\n");
    await agent.write("../home/skills/c/SKILL.md", "---\nname: c\n---\n");
    await agent.write("../home/skills/d/README.md", "no skill");
    await symlink("../a/SKILL.md", join(agent.home, "skills/d/SKILL.md"));
    const { close, tools } = await open();
    expect(tools.some(({ name }) => name === "skill")).toBe(false);
    expect(notices()).toEqual([
      "skill_skipped: /home/skills/a/SKILL.md is skipped: its name is b, that of its folder a.",
      "skill_skipped: /home/skills/c/SKILL.md is skipped: it has no description.",
      expect.stringContaining("/home/skills/d/SKILL.md is skipped: "),
    ]);
    await close();
  });

  it("give at most 32 KiB of body", async () => {
    await write("../home/skills/big", "x", "ä".repeat(20_000));
    const { close, run } = await open();
    const { text } = await run("skill", { name: "big" });
    expect(text.match(/ä+/)?.[0]).toHaveLength(16_384);
    expect(text).toContain("[… 7233 bytes omitted …]");
    await close();
  });

  it("are listed up to 64, with 200 characters each", () => {
    const skills = Array.from({ length: 70 }, (_, index) => ({ name: `s${index}`, description: `a\n b${"x".repeat(300)}`, folder: "" }));
    const lines = skillsText(skills).split("\n").slice(2);
    expect(lines).toHaveLength(64);
    expect(lines[0]).toBe(`- s0: a b${"x".repeat(197)}`);
  });
});

describe("readFrontMatter", () => {
  it.each<[string, Record<string, string>, string]>([
    ["no head", {}, "no head"],
    ["---\na: 1\nb: 'two'\n---\nbody", { a: "1", b: "two" }, "body"],
    ["---\r\na: 1\r\n---\r\nbody", { a: "1" }, "body"],
    ["---\na: >\n  one\n  two\n---\n", { a: "one two" }, ""],
    ["---\na: 1\nnever closed", {}, "---\na: 1\nnever closed"],
    ["---\n__proto__: 1\n---\nx", {}, "x"],
  ])("of %j", (text, fields, body) => {
    const read = readFrontMatter(text);
    expect({ ...read.fields }).toEqual(fields);
    expect(read.body).toBe(body);
  });
});
