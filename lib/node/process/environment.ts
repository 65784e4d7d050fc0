import type { Environment } from "../home-folder.js";

/** What a child inherits of our environment, beside `LC_*`: enough to work, no secret, no way out through a service manager. */
const inherited = new Set([
  "HOME",
  "LOGNAME",
  "PATH",
  "SHELL",
  "TERM",
  "USER",
  "LANG",
  "TZ",
  "TMPDIR",
  "SSH_AUTH_SOCK",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_CACHE_HOME",
  "XDG_STATE_HOME",
  "TRACEPARENT",
]); // prettier-ignore

/** Where the variables of a child come from, in rising precedence. */
export interface EnvironmentSources {
  /** Our own environment: the allow-list and the names in `pass` are taken of it. */
  readonly base: Environment;
  readonly pass?: readonly string[];
  /** Set by whoever defined the command. */
  readonly defined?: Readonly<Record<string, string>>;
  /** Set by whoever started the run. */
  readonly requested?: Readonly<Record<string, string>>;
  /** Set by us; the only variables that may begin with `ANODE`. */
  readonly own: Readonly<Record<string, string>>;
}

/** The whole environment of a child. */
export function childEnvironment(sources: EnvironmentSources): Record<string, string> {
  const { base, pass = [], defined, requested, own } = sources;
  const passed = new Set(pass);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (inherited.has(name) || name.startsWith("LC_") || passed.has(name))) environment[name] = value;
  }
  Object.assign(environment, defined, requested);
  for (const name of Object.keys(environment)) if (name.startsWith("ANODE")) delete environment[name];
  return Object.assign(environment, own);
}
