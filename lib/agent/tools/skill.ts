import * as z from "zod";
import { loadSkill, type Skill } from "../skills/find-skills.js";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const skillArgs = z.strictObject({ name: z.string().min(1).max(128) });

/** Tool `skill` over the skills of a run. */
export function createSkillTool(room: ToolRoom, skills: readonly Skill[]): BuiltinTool {
  return defineTool(
    {
      name: "skill",
      description: "Gives the text of a skill and the list of its files. Nothing of it is run.",
      level: "delegated",
      args: skillArgs,
      async run({ name }) {
        const skill = skills.find((one) => one.name === name);
        if (!skill) throw new ToolError("not_found", `there is no skill ${name}`);
        return loadSkill(skill);
      },
    },
    room.outputBytes,
  );
}
