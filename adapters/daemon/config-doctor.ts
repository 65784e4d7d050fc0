import { join } from "node:path";
import { findCommand, resolveAgents } from "../../lib/acp/index.js";
import { agentProfiles, builtInProviders, builtinToolNames, createTrust, readHookFile } from "../../lib/agent/settings/index.js";
import { messageOf } from "../../lib/thrown.js";
import { type ConfigSurroundings, readCandidates, type ReadCandidate } from "./config.js";
import { textGlob } from "../../lib/text-glob.js";
import { type Config, unknownKeys } from "./config-schema.js";

/** Something the doctor has to say of one file. */
export interface ConfigFinding {
  /** `fail`: it cannot be used as it is; `warn`: something in it has no effect, or not the one that was meant. */
  readonly level: "fail" | "warn";
  readonly path: string;
  readonly text: string;
}

/** What a reference may name beside what the configuration defines. */
const builtIn = {
  profiles: namesOf(agentProfiles()),
  providers: Object.keys(builtInProviders),
  types: ["openai-compatible", "custom"],
};
const extensions = ["mcp__", "tb__", "plugin__"];
/** What tools of foreign agents are known by, beside those that have our names. */
const foreignTools = ["delete", "move", "search", "fetch", "think", "switch_mode", "other"];

/** Looks at every candidate, every key and every reference, and at the files of hooks. */
export async function diagnoseConfig(surroundings: ConfigSurroundings): Promise<ConfigFinding[]> {
  const { home, cwd, env } = surroundings;
  const findings = readCandidates(surroundings).flatMap((candidate) => findingsOf(candidate, env["PATH"]));
  const trust = createTrust(home.path);
  const root = trust.rootOf(cwd);
  const hooks = [join(home.path, "hooks.json"), ...(trust.has(root) ? [join(root, ".anode/hooks.json"), join(root, "hooks.json")] : [])];
  for (const path of hooks) {
    await readHookFile(path).catch((error: unknown) => {
      const text = messageOf(error);
      findings.push({ level: "fail", path, text: text.startsWith(`${path}: `) ? text.slice(path.length + 2) : text });
    });
  }
  return findings;
}

function findingsOf({ config, path, reason, source, status, unset }: ReadCandidate, searchPath: string | undefined): ConfigFinding[] {
  if (status === "missing") return source === "environment" ? [{ level: "fail", path, text: "there is no such file" }] : [];
  if (!config) return [{ level: "fail", path, text: reason ?? "it cannot be used" }];
  const warn = (text: string): ConfigFinding => ({ level: "warn", path, text });
  return [
    ...unknownKeys(config).map((key) => warn(`${key} is not a known key`)),
    ...[...new Set(unset)].map((name) => warn(`the variable ${name} is not set, so what names it is left out`)),
    ...[...profileReferences(config), ...providerReferences(config), ...toolReferences(config)].map(warn),
    ...agentReferences(config, searchPath).map(({ level, text }) => ({ level, path, text })),
  ];
}

/** Names and aliases. */
function namesOf(profiles: Readonly<Record<string, { readonly aliases?: readonly string[] }>>): string[] {
  return Object.entries(profiles).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
}

function profileReferences({ profile, profiles = {} }: Config): string[] {
  const known = new Set([...builtIn.profiles, ...namesOf(profiles)]);
  return profile === undefined || known.has(profile) ? [] : [`profile names ${quoted(profile)}, which is not defined`];
}

function providerReferences({ model, profiles = {}, providers = {} }: Config): string[] {
  const known = new Set([...builtIn.providers, ...Object.keys(providers)]);
  const models = [
    ["model", model] as const,
    // What another executor calls its models is its own affair.
    ...Object.entries(profiles).flatMap(([name, { executor, model: own }]) =>
      executor === undefined ? [[`profiles.${name}.model`, own] as const] : [],
    ),
  ];
  const unknown = models.flatMap(([key, reference]) => {
    if (reference === undefined) return [];
    const [provider = ""] = reference.split("/");
    if (!reference.includes("/")) return [`${key} is ${quoted(reference)}, which names no provider`];
    return known.has(provider) ? [] : [`${key} names the provider ${quoted(provider)}, which is not defined`];
  });
  const types = Object.entries(providers).flatMap(([name, { type = name }]) =>
    builtIn.providers.includes(type) || builtIn.types.includes(type)
      ? []
      : [`providers.${name} is of the type ${quoted(type)}, which is not known`],
  );
  return [...unknown, ...types];
}

function toolReferences({ permissions = [], profiles = {}, tools = {} }: Config): string[] {
  const named = [
    ...(tools.disabled ?? []).map((glob) => ["tools.disabled", glob] as const),
    ...permissions.map(({ tool }, index) => [`permissions.${index}.tool`, tool] as const),
    ...Object.entries(profiles).flatMap(([name, profile]) =>
      (profile.tools ?? []).map((glob) => [`profiles.${name}.tools`, glob] as const),
    ),
  ];
  return named.flatMap(([key, glob]) => (namesTool(glob) ? [] : [`${key} has ${quoted(glob)}, which fits no tool`]));
}

/** Every definition, and every agent that a profile runs on. */
function agentReferences(
  { agents: given = {}, profile, profiles = {} }: Config,
  searchPath: string | undefined,
): Omit<ConfigFinding, "path">[] {
  let agents: ReturnType<typeof resolveAgents>;
  try {
    agents = resolveAgents(given);
  } catch (error) {
    // No daemon starts with it.
    return [{ level: "fail", text: messageOf(error) }];
  }
  const all = agentProfiles(profiles);
  const used = new Set([...Object.keys(profiles), ...(profile !== undefined && Object.hasOwn(all, profile) ? [profile] : [])]);
  return [...used].flatMap((name) => {
    const executor = all[name]?.executor;
    if (typeof executor !== "object" || executor.kind !== "acp") return [];
    const wanted = typeof executor["agent"] === "string" ? executor["agent"] : name;
    const agent = Object.hasOwn(agents, wanted) ? agents[wanted] : undefined;
    const says = (text: string) => [
      { level: "warn" as const, text: `profiles.${name}.executor.agent names the agent ${quoted(wanted)}, ${text}` },
    ];
    if (!agent) return says("which is not defined");
    if (agent.enabled === false) return says("which is disabled");
    const [command = ""] = agent.argv;
    if (findCommand(command, searchPath) !== undefined) return [];
    return says(
      `which is not installed: its command ${command} was not found in PATH${agent.install === undefined ? "" : `; ${agent.install}`}`,
    );
  });
}

/** Extensions are known to a run alone: what may mean one is believed. */
function namesTool(glob: string): boolean {
  const fixed = /^[^*?]*/.exec(glob)?.[0] ?? "";
  if (extensions.some((prefix) => fixed.startsWith(prefix) || (fixed !== glob && prefix.startsWith(fixed)))) return true;
  if (glob === "shell_command") return true;
  return [...builtinToolNames, ...foreignTools].some(textGlob(glob));
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
