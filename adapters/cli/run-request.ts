import { resolve } from "node:path";
import type { OperationInput } from "../../lib/contract/schemas.js";
import { type CommandLine, misuse } from "./command-line.js";
import type { Context } from "./context.js";
import type { FlagName } from "./flags.js";

type RunRequest = OperationInput<"runs.start">;

/** Flags whose text is the field's value. */
const textFields: Readonly<Partial<Record<FlagName, keyof RunRequest>>> = {
  profile: "profile",
  model: "model",
  approval: "approval_mode",
  "run-label": "run_label",
  session: "session_id",
  command: "command",
  parent: "parent_id",
  "cancel-policy": "cancel_policy",
  key: "key",
};
const numberFields: Readonly<Partial<Record<FlagName, keyof RunRequest>>> = { "max-turns": "max_turns", priority: "priority" };

/**
 * The request that was typed: the fields whose flags were given, and no others. Inside a run that run is the parent.
 * @throws `invalid_request` for flags that contradict each other or a budget that is none
 */
export function toRunRequest(line: CommandLine, { cwd, env }: Pick<Context, "cwd" | "env">): RunRequest {
  const words = line.has("exec") ? line.words : [...line.words, ...line.rest];
  if (line.has("exec") && line.rest.length === 0) throw misuse("--exec needs a command after --, such as: --exec -- npm test");
  const folder = line.text("cwd");
  const approval = approvalOf(line);
  const budget = budgetOf(line.list("budget"));
  const tools = toolsOf(line.list("allow-tool"));
  const parent = env["ANODE_RUN_ID"];
  return {
    ...(parent && { parent_id: parent }),
    ...fieldsOf(textFields, (name) => line.text(name)),
    ...fieldsOf(numberFields, (name) => line.number(name)),
    ...(words.length > 0 && { prompt: words.join(" ") }),
    ...(line.has("exec") && { argv: [...line.rest] }),
    ...(folder !== undefined && { cwd: resolve(cwd, folder) }),
    ...(tools && { tools }),
    ...(line.has("keep-open") && { keep_open: true }),
    ...(approval && { approval }),
    ...(budget && { budget }),
  };
}

function fieldsOf(table: Readonly<Partial<Record<FlagName, keyof RunRequest>>>, read: (name: FlagName) => unknown): RunRequest {
  const given = (Object.entries(table) as [FlagName, keyof RunRequest][]).map(([flag, field]) => [field, read(flag)]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function approvalOf(line: CommandLine): RunRequest["approval"] {
  const timeoutMs = line.number("approval-timeout-ms");
  const unattended = line.text("unattended");
  if (timeoutMs === undefined && unattended === undefined) return undefined;
  if (unattended !== undefined && unattended !== "wait" && unattended !== "deny") {
    throw misuse(`--unattended must be wait or deny, got ${unattended}.`);
  }
  return { ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }), ...(unattended !== undefined && { unattended }) };
}

/** Each a comma list. */
function toolsOf(lists: readonly string[]): string[] | undefined {
  if (lists.length === 0) return undefined;
  const tools = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  if (tools.includes("")) throw misuse(`--allow-tool must be names or globs with commas between them, got ${lists.join(" ")}.`);
  return [...new Set(tools)];
}

/** `name=n` of each; which names there are is the daemon's to say. */
function budgetOf(pairs: readonly string[]): RunRequest["budget"] {
  if (pairs.length === 0) return undefined;
  const budget: Record<string, number> = {};
  for (const pair of pairs) {
    const [, name = "", amount = ""] = /^([a-z_]+)=(\d+(?:\.\d+)?)$/.exec(pair) ?? [];
    if (name === "") throw misuse(`--budget must be name=number, such as wall_ms=60000, got ${pair}.`);
    if (Object.hasOwn(budget, name)) throw misuse(`--budget ${name} is given twice.`);
    budget[name] = Number(amount);
  }
  return budget;
}
