import type { PermissionRule } from "../config-schema.js";
import { commandOf, type JudgedCall, type JudgedPath } from "./judged-call.js";
import { lexShell } from "./shell/lex-shell.js";
import { unwrap } from "./shell/unwrap.js";
import type { SimpleCommand } from "./shell/words.js";
import { pathGlob } from "../../path-glob.js";
import { textGlob } from "../../text-glob.js";

/** Tells whether a rule speaks of a call. */
export type RuleMatcher = (call: JudgedCall) => boolean;

const aliases: Readonly<Record<string, string>> = { shell_command: "bash" };

/** The tool's own name, whichever it was called by. */
export function canonicalName(name: string): string {
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
}

/** Compiles a rule. */
export function ruleMatcher({ tool, args = {}, action }: PermissionRule): RuleMatcher {
  const isTool = textGlob(canonicalName(tool));
  const checks = Object.entries(args).map(([name, globs]) => argumentMatcher(name, globs, action));
  return (call) => isTool(call.name) && checks.every((check) => check(call));
}

function argumentMatcher(name: string, globs: readonly string[], action: PermissionRule["action"]): RuleMatcher {
  const isPath = globs.map(placeGlob);
  const isText = globs.map((glob) => ({ matches: textGlob(glob), namesRedirection: glob.includes(">") }));
  // What is allowed must be allowed in all its parts; one part is enough to ask or deny.
  const quantified = <T>(parts: readonly T[], test: (part: T) => boolean): boolean =>
    parts.length > 0 && (action === "allow" ? parts.every(test) : parts.some(test));

  return (call) => {
    const command = name === "command" ? commandOf(call) : undefined;
    if (command !== undefined) {
      const lexed = lexShell(command);
      if (action !== "allow" && isText.some(({ matches }) => matches(command))) return true;
      if (!lexed.ok) return action !== "allow" && isText.some(({ matches }) => command.split("\n").some(matches));
      return quantified(lexed.commands, (simple) =>
        isText.some(({ matches, namesRedirection }) =>
          action === "allow" ? matches(simple.text) && (namesRedirection || !writesFile(simple)) : readings(simple).some(matches),
        ),
      );
    }
    const paths = pathsNamed(name, call);
    if (paths) return quantified(paths, (path) => isPath.some((matches) => matches(path)));
    const value = Object.hasOwn(call.args, name) ? call.args[name] : undefined;
    if (value === undefined || value === null) return false;
    const texts = (Array.isArray(value) ? value : [value]).map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
    return quantified(texts, (text) => isText.some(({ matches }) => matches(text)));
  };
}

/** The paths a rule means by an argument's name. A patch names its files inside its text: they count as `path`. */
function pathsNamed(name: string, { args, paths }: JudgedCall): readonly JudgedPath[] | undefined {
  if (paths.length === 0) return undefined;
  if (name === "path" && !Object.hasOwn(args, "path")) return Object.hasOwn(args, "patch") ? paths : undefined;
  const value = Object.hasOwn(args, name) ? args[name] : undefined;
  const named = new Set<unknown>(Array.isArray(value) ? value : [value]);
  const found = paths.filter(({ path }) => named.has(path));
  return found.length > 0 ? found : undefined;
}

/** A glob over paths: relative ones mean places in the workspace, absolute ones any place. */
function placeGlob(glob: string): (path: JudgedPath) => boolean {
  const matches = pathGlob(glob.replace(/^\.\//, ""));
  const isAbsolute = glob.startsWith("/");
  return ({ real, relative }) => (isAbsolute ? matches(real) : relative !== undefined && matches(relative));
}

/** A command as it may be read: as written, without quotes, and without what wraps it. */
function readings(command: SimpleCommand): readonly string[] {
  const plain = command.words.map(({ value }) => value).join(" ");
  const { program, args } = unwrap(command.words);
  const inner = [program ?? "", ...args.map(({ value }) => value)].join(" ");
  return [...new Set([command.text, plain, inner])];
}

function writesFile({ redirections }: SimpleCommand): boolean {
  return redirections.some(
    ({ operator, target }) =>
      (operator.includes(">") && !(operator === ">&" && /^(\d+|\d*-)$/.test(target.value)) && target.value !== "/dev/null") ||
      target.expands,
  );
}
