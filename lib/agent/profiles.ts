import type { Profile } from "../runs/executor.js";
import type { ApprovalMode } from "../runs/schema.js";

/** Which text the instructions begin with. */
export type PromptKind = "chat" | "quick" | "study" | "review" | "oracle" | "find" | "aggman";

/** How a run of the built-in agent works. */
export interface AgentProfile {
  readonly name: string;
  readonly kind: PromptKind;
  /** Names or globs; `craft` = all built-in tools but those for messages, and all extensions. */
  readonly tools: readonly string[] | "craft";
  /** Without every tool above `external_read`. */
  readonly readOnly: boolean;
  readonly maxTurns: number;
  /** 1 … 5, how much the model should think. */
  readonly effort: number;
  readonly model?: string;
  readonly approvalMode?: ApprovalMode;
  /** Replaces the text of the kind. */
  readonly systemPrompt?: string;
  /** Follows it. */
  readonly appendPrompt?: string;
}

const reading = ["read", "multi_read", "finder", "glob", "grep"];
const quickTools = [...reading, "bash", "edit_file", "create_file", "apply_patch", "web_search", "todo_read", "todo_write", "ask_user"];
const reviewTools = [...reading, "todo_read", "web_search"];
const threads = ["find_thread", "read_thread"];
const messages = ["send_message", "receive_messages"];
/** Everything that is not built in. */
const extensionTools = ["mcp__*", "tb__*", "plugin__*"];
/** The tools of `craft` by name. */
export const craftTools = [...quickTools, "task_list", "task", "oracle", "code_review", "skill", "handoff", ...threads, ...extensionTools];

type BuiltIn = Omit<AgentProfile, "name"> & { readonly aliases?: readonly string[] };

const builtIn: Readonly<Record<string, BuiltIn>> = {
  craft: { aliases: ["smart"], kind: "chat", tools: "craft", readOnly: false, maxTurns: 20, effort: 3 },
  quick: { aliases: ["rush"], kind: "quick", tools: quickTools, readOnly: false, maxTurns: 10, effort: 2 },
  study: { aliases: ["deep"], kind: "study", tools: [...craftTools, ...messages], readOnly: false, maxTurns: 40, effort: 4 },
  review: { kind: "review", tools: reviewTools, readOnly: true, maxTurns: 12, effort: 3 },
  oracle: { kind: "oracle", tools: [...reviewTools, ...threads], readOnly: true, maxTurns: 8, effort: 4 },
  find: { aliases: ["search"], kind: "find", tools: [...reading, "web_search", "todo_read"], readOnly: true, maxTurns: 8, effort: 2 },
  aggman: {
    kind: "aggman",
    tools: [...threads, "web_search", ...messages, "todo_read", "todo_write", "ask_user"],
    readOnly: true,
    maxTurns: 6,
    effort: 2,
  },
};

/**
 * The built-in profiles as a `RunManager` takes them, with what the configuration says of them laid over: those of the
 * agent itself, and one for each coding agent that is driven from outside.
 */
export function agentProfiles(configured: Readonly<Record<string, Profile>> = {}): Record<string, Profile> {
  const own = Object.entries(builtIn).map(([name, { aliases }]) => [name, { ...(aliases && { aliases }) }] as const);
  const foreign = ["claude", "codex", "gemini", "opencode"].map((agent) => [agent, { executor: { kind: "acp", agent } }] as const);
  const profiles: Record<string, Profile> = Object.fromEntries([...own, ...foreign]);
  for (const [name, settings] of Object.entries(configured)) profiles[name] = { ...profiles[name], ...namedAsRuns(settings) };
  return profiles;
}

/** What a profile's settings mean to the built-in agent; a name that is not built in starts from `craft`. */
export function toAgentProfile(name: string, settings: Profile = {}): AgentProfile {
  const { aliases: _, ...base } = Object.hasOwn(builtIn, name) ? (builtIn[name] as BuiltIn) : (builtIn["craft"] as BuiltIn);
  const text = (key: string): string | undefined => (typeof settings[key] === "string" ? (settings[key] as string) : undefined);
  const { model, max_turns, approval_mode, tools } = namedAsRuns(settings);
  const systemPrompt = text("systemPrompt");
  const appendPrompt = text("appendPrompt");
  const kind = text("promptKind") as PromptKind | undefined;
  const effort = settings["defaultEffort"];
  return {
    ...base,
    name,
    ...(kind !== undefined && { kind }),
    ...(tools && { tools }),
    ...(typeof settings["readOnly"] === "boolean" && { readOnly: settings["readOnly"] }),
    ...(max_turns !== undefined && { maxTurns: max_turns }),
    ...(typeof effort === "number" && { effort }),
    ...(model !== undefined && { model }),
    ...(approval_mode !== undefined && { approvalMode: approval_mode }),
    ...(systemPrompt !== undefined && { systemPrompt }),
    ...(appendPrompt !== undefined && { appendPrompt }),
  };
}

/** The configuration's names beside those of the run manager: `maxTurns`, `approvalMode`. */
function namedAsRuns(settings: Profile): Profile {
  const { maxTurns, approvalMode } = settings;
  return {
    ...(typeof maxTurns === "number" && { max_turns: maxTurns }),
    ...(typeof approvalMode === "string" && { approval_mode: approvalMode as ApprovalMode }),
    ...settings,
  };
}
