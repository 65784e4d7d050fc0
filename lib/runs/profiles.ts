import { AnodeError } from "../errors.js";
import type { Profile } from "./executor.js";

/** Profiles that always exist; they run on the agent executor, or on the foreign agent they name, unless redefined. */
export const builtInProfiles: Readonly<Record<string, Profile>> = {
  craft: { aliases: ["smart"] },
  quick: { aliases: ["rush"] },
  study: { aliases: ["deep"] },
  review: {},
  oracle: {},
  ...Object.fromEntries(["claude", "codex", "gemini", "opencode"].map((agent) => [agent, { executor: { kind: "acp", agent } }])),
};

/** A profile under its canonical name. */
export interface NamedProfile {
  readonly name: string;
  readonly profile: Profile;
}

/** A profile by name or alias. */
export function lookUpProfile(profiles: Readonly<Record<string, Profile>>, name: string): NamedProfile | undefined {
  const direct = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (direct) return { name, profile: direct };
  const [canonical, profile] = Object.entries(profiles).find(([, candidate]) => candidate.aliases?.includes(name)) ?? [];
  return canonical !== undefined && profile ? { name: canonical, profile } : undefined;
}

/** @throws `unknown_profile` */
export function findProfile(profiles: Readonly<Record<string, Profile>>, name: string): NamedProfile {
  const found = lookUpProfile(profiles, name);
  if (found) return found;
  throw new AnodeError("unknown_profile", `There is no profile ${JSON.stringify(name.slice(0, 64))}.`, {
    details: { hint: `Known profiles: ${Object.keys(profiles).join(", ")}.` },
  });
}

/** The name of the executor a profile runs on. */
export function executorOf(profile: Profile): string {
  const { executor } = profile;
  if (executor === undefined) return "agent";
  return typeof executor === "string" ? executor : executor.kind;
}
