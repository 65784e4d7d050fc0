import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { codeOf, messageOf } from "../../thrown.js";
import { listFound, readFound } from "../workspace/file-access.js";
import { realPathOf } from "../workspace/real-path.js";
import { withHome } from "../workspace/workspace.js";
import { readFrontMatter } from "./front-matter.js";

/** A skill that the model may ask for. */
export interface Skill {
  readonly name: string;
  readonly description: string;
  /** Its folder, as a real path. */
  readonly folder: string;
}

const skillBytes = 256 * 1024;
const bodyBytes = 32 * 1024;
const offered = 64;
const descriptionUnits = 200;
const folderFiles = 200;

/** The skills in these folders; the earlier folder wins a name. One that is not well formed is told of and left out. */
export async function findSkills(
  folders: readonly string[],
  disabled: readonly string[],
  wrong: (path: string, why: string) => Promise<void>,
): Promise<Skill[]> {
  const skills = new Map<string, Skill>();
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const { name } of entries.filter((entry) => entry.isDirectory()).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (skills.has(name) || disabled.includes(name)) continue;
      try {
        const skill = await readSkill(await realPathOf(join(folder, name)), name);
        if (skill) skills.set(name, skill);
      } catch (error) {
        await wrong(join(folder, name, "SKILL.md"), messageOf(error));
      }
    }
  }
  return [...skills.values()];
}

/** The folders in which skills are looked for, in order. */
export function skillFolders(options: { readonly paths?: readonly string[]; readonly home: string; readonly root: string }): string[] {
  const { home, paths = [], root } = options;
  return [...paths.map((path) => resolve(root, withHome(path))), join(home, "skills"), join(root, ".agents/skills")];
}

async function readSkill(folder: string, name: string): Promise<Skill | undefined> {
  const file = join(folder, "SKILL.md");
  let bytes: Buffer;
  try {
    ({ bytes } = await readFound(file, file, skillBytes));
  } catch (error) {
    if (codeOf(error) === "not_found") return undefined;
    throw error;
  }
  const { fields } = readFrontMatter(bytes.toString("utf8"));
  const { name: named, description } = fields;
  if (named !== undefined && named !== name) throw new Error(`its name is ${named}, that of its folder ${name}`);
  if (!description) throw new Error("it has no description");
  return { name, description, folder };
}

/** What the model is told of the skills there are. */
export function skillsText(skills: readonly Skill[]): string {
  if (skills.length === 0) return "";
  const lines = skills
    .slice(0, offered)
    .map(({ name, description }) => `- ${name}: ${description.replaceAll(/\s+/g, " ").slice(0, descriptionUnits).toWellFormed()}`);
  return `# Skills\nThe tool skill gives the text of one of these:\n${lines.join("\n")}`;
}

/** The text of a skill and what lies beside it. Nothing of it is run. */
export async function loadSkill({ folder, name }: Skill): Promise<string> {
  const { bytes } = await readFound(join(folder, "SKILL.md"), "SKILL.md", skillBytes);
  const { body } = readFrontMatter(bytes.toString("utf8"));
  const cut = Buffer.from(body);
  const text =
    cut.length <= bodyBytes
      ? body
      : `${new TextDecoder().decode(cut.subarray(0, bodyBytes), { stream: true })}\n[… ${cut.length - bodyBytes} bytes omitted …]`;
  const files = (await listFound(folder, name)).filter((file) => file !== "SKILL.md").slice(0, folderFiles);
  return `Skill ${name}, in ${folder}\n\n${text.trim()}${files.length > 0 ? `\n\nFiles of the skill:\n${files.join("\n")}` : ""}`;
}
