import type { Config } from "./config-schema.js";

type ToolLimits = NonNullable<NonNullable<Config["tools"]>["limits"]>;

/** Bounds of the tools as they are by default. */
const defaultToolLimits: Required<Pick<ToolLimits, "outputBytes" | "readLines" | "bashMs">> = {
  outputBytes: 65_536,
  readLines: 2_000,
  bashMs: 120_000,
};

/**
 * What counts of the file of a workspace that nobody trusted. The file comes with the code it configures: it may choose
 * among what is there, and restrict; it defines nothing that runs, opens or allows.
 */
export function untrustedPart(config: Config, path: string, warnings: string[]): Config {
  const { context, model, permissions, profile, tools, mcpServers: _servers, ...ignored } = config;
  const ignore = (key: string, why = "is ignored"): void => void warnings.push(`${path} is not trusted: its key ${key} ${why}.`);
  for (const key of Object.keys(ignored)) ignore(key);
  const restricting = permissions?.filter(({ action }) => action !== "allow");
  if (permissions && restricting?.length !== permissions.length)
    ignore("permissions", "may only deny and ask; its rules that allow are ignored");
  for (const key of Object.keys(tools ?? {})) if (key !== "disabled" && key !== "limits") ignore(`tools.${key}`);
  const limits = lowered(tools?.limits, (name) => ignore(`tools.limits.${name}`, "may only be lowered; it is ignored"));
  return {
    ...(model !== undefined && { model }),
    ...(profile !== undefined && { profile }),
    ...(context && { context }),
    ...(restricting && restricting.length > 0 && { permissions: restricting }),
    ...((tools?.disabled || limits) && { tools: { ...(tools?.disabled && { disabled: tools.disabled }), ...(limits && { limits }) } }),
  };
}

function lowered(limits: ToolLimits | undefined, refused: (name: string) => void): ToolLimits | undefined {
  if (!limits) return undefined;
  const kept = Object.entries(defaultToolLimits).flatMap(([name, most]) => {
    const value = limits[name as keyof typeof defaultToolLimits];
    if (value === undefined) return [];
    if (value <= most) return [[name, value] as const];
    refused(name);
    return [];
  });
  return kept.length > 0 ? (Object.fromEntries(kept) as ToolLimits) : undefined;
}
