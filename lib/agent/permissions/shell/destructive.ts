import { lexShell } from "./lex-shell.js";
import { unwrap } from "./unwrap.js";
import type { SimpleCommand, Word } from "./words.js";

/** Programs that destroy, overwrite, raise privileges or run text, whatever their arguments. */
const always = new Set(
  (
    "sudo doas su eval source . trap " +
    "rm rmdir unlink shred truncate dd fdisk parted wipefs mount umount kill pkill killall shutdown reboot halt poweroff crontab iptables nft passwd useradd userdel " +
    "mv cp ln tee install rsync patch"
  ).split(" "),
);

const shells = new Set(["sh", "bash", "dash", "zsh", "ksh", "ash", "fish"]);
const interpreter = /^(sh|bash|dash|zsh|ksh|ash|fish|python[\d.]*|node|nodejs|deno|bun|perl[\d.]*|ruby[\d.]*|php[\d.]*|lua[\d.]*)$/;
const fetchers = new Set(["curl", "wget"]);

/** Why a command looks as if it destroys something, or `undefined`. A heuristic for asking, not a sandbox. */
export function looksDestructive(text: string, depth = 0): string | undefined {
  const lexed = lexShell(text);
  if (!lexed.ok) return lexed.why;
  if (depth > 8) return "it is nested too deeply";
  for (const command of lexed.commands) {
    const why = judge(command, depth);
    if (why !== undefined) return why;
  }
  return undefined;
}

function judge(command: SimpleCommand, depth: number): string | undefined {
  for (const { operator, target } of command.redirections) {
    if (writes(operator, target)) return `it writes to ${target.raw}`;
  }
  return judgeWords(command.words, command, depth);
}

function judgeWords(words: readonly Word[], command: SimpleCommand, depth: number): string | undefined {
  const { program, args, isUnsure } = unwrap(words);
  if (program === undefined) return "an expansion decides which program runs";
  if (isUnsure) return `${program} has options that are not known`;
  if (always.has(program) || program.startsWith("mkfs")) return `${program} is destructive`;
  if (shells.has(program)) return judgeShell(program, args, command, depth);
  if (interpreter.test(program)) return judgeInterpreter(program, args, command);
  if (program === "find") return judgeFind(args, command, depth);
  if (program === "git") return judgeGit(args);
  const risky = Object.hasOwn(risks, program) && risks[program]?.(args);
  return risky ? `${program} is destructive with these arguments` : undefined;
}

function writes(operator: string, { value, expands }: Word): boolean {
  if (operator.startsWith("<") && operator !== "<>") return false;
  if (expands) return true;
  if (/^(\/dev\/(null|stdout|stderr|fd\/\d+))$/.test(value)) return false;
  return !(operator === ">&" && /^(\d+|\d*-)$/.test(value));
}

type Check = (args: readonly Word[]) => boolean;

/** True when one of the words is an option with this letter, alone or among others, or an expansion that may be it. */
const hasFlag = (args: readonly Word[], letter: string, ...long: readonly string[]): boolean =>
  args.some(({ value, expands, raw }) => {
    if (expands && raw.startsWith("$")) return true;
    if (value.startsWith("--")) return long.some((name) => value === name || value.startsWith(`${name}=`));
    return letter !== "" && value.startsWith("-") && value.includes(letter);
  });

/** The first words that are no options: `container rm` of `docker container rm -f x`. */
const subcommands = (args: readonly Word[], count: number): readonly Word[] =>
  args.filter(({ value, raw }) => !value.startsWith("-") && raw !== "").slice(0, count);

const subcommandIn =
  (count: number, ...names: readonly string[]): Check =>
  (args) =>
    subcommands(args, count).some(({ value, expands }) => expands || names.includes(value));

const publishes = subcommandIn(1, "publish", "unpublish");
const container = subcommandIn(2, "rm", "rmi", "prune", "kill", "system", "remove");

/** Programs that destroy with some arguments only. */
const risks: Readonly<Record<string, Check>> = {
  chmod: (args) => hasFlag(args, "R", "--recursive"),
  chown: (args) => hasFlag(args, "R", "--recursive"),
  sed: (args) => hasFlag(args, "i", "--in-place"),
  npm: publishes,
  pnpm: publishes,
  yarn: (args) => subcommands(args, 2).some(({ value, expands }) => expands || value === "publish"),
  cargo: publishes,
  docker: container,
  podman: container,
  kubectl: subcommandIn(1, "delete", "apply"),
  terraform: subcommandIn(1, "apply", "destroy"),
  systemctl: (args) => subcommands(args, 1).some(({ value, expands }) => expands || value !== "status"),
};

function judgeShell(program: string, args: readonly Word[], command: SimpleCommand, depth: number): string | undefined {
  const at = args.findIndex(({ value }) => isCluster(value, "c"));
  if (at >= 0) {
    const script = args.slice(at + 1).find(({ value }) => !/^[-+]/.test(value));
    if (!script || script.expands) return `${program} -c runs a text that is not known`;
    return looksDestructive(script.value, depth + 1);
  }
  const hasScript = args.some(({ value, expands }) => expands || !value.startsWith("-"));
  if (hasScript && !args.some(({ value }) => isCluster(value, "s"))) return undefined;
  return readsProgram(command) ? `${program} runs what it reads` : undefined;
}

/** True for letters behind one dash with this one among them. */
function isCluster(value: string, letter: string): boolean {
  return /^-[A-Za-z]+$/.test(value) && value.includes(letter);
}

/** Letters of inline code, by program. */
const inline: readonly [RegExp, string, ...string[]][] = [
  [/^python/, "c"],
  [/^(node|nodejs|bun)$/, "ep", "--eval", "--print"],
  [/^perl/, "eE"],
  [/^ruby/, "e"],
  [/^php/, "rBRE"],
  [/^lua/, "e"],
];

function judgeInterpreter(program: string, args: readonly Word[], command: SimpleCommand): string | undefined {
  // Only options before the script are the interpreter's own.
  const end = args.findIndex(({ value, expands }) => !value.startsWith("-") && !expands);
  const options = end < 0 ? args : args.slice(0, end);
  const letters = inline.find(([name]) => name.test(program));
  if (letters) {
    const [, short, ...long] = letters;
    if ([...short].some((letter) => hasFlag(options, letter, ...long))) return `${program} runs inline code`;
  }
  if (program === "deno" && args[0]?.value === "eval") return "deno runs inline code";
  if (program.startsWith("perl") && hasFlag(options, "i")) return "perl -i rewrites files";
  if (command.pipedFrom.some(({ words }) => fetchers.has(unwrap(words).program ?? ""))) return `${program} runs what was fetched`;
  return end < 0 && !options.some(({ value }) => /^(--?version|--?help|-V|-v|-h)$/.test(value)) && readsProgram(command)
    ? `${program} runs what it reads`
    : undefined;
}

function readsProgram({ isPiped, redirections }: SimpleCommand): boolean {
  return isPiped || redirections.some(({ operator }) => operator.startsWith("<"));
}

function judgeFind(args: readonly Word[], command: SimpleCommand, depth: number): string | undefined {
  for (const [at, { value }] of args.entries()) {
    if (value === "-delete" || value.startsWith("-fprint") || value === "-fls") return `find ${value} is destructive`;
    if (!/^-(exec|execdir|ok|okdir)$/.test(value)) continue;
    const rest = args.slice(at + 1);
    const end = rest.findIndex((word) => word.value === ";" || word.value === "+");
    const why = judgeWords(end < 0 ? rest : rest.slice(0, end), { ...command, redirections: [], isPiped: false, pipedFrom: [] }, depth);
    if (why !== undefined) return why;
  }
  return args.some(({ expands, raw }) => expands && raw.startsWith("$")) ? "an expansion decides what find does" : undefined;
}

const gitRisks: Readonly<Record<string, Check>> = {
  push: (args) =>
    hasFlag(args, "f", "--force", "--force-with-lease", "--delete", "--mirror", "--prune") ||
    hasFlag(args, "d") ||
    args.some(({ value }) => /^[+:]/.test(value)),
  reset: (args) => hasFlag(args, "", "--hard"),
  clean: (args) => hasFlag(args, "f", "--force"),
  checkout: (args) => hasFlag(args, "f", "--force") || args.some(({ value }) => value === "--" || value === "."),
  restore: () => true,
  branch: (args) => hasFlag(args, "D") || (hasFlag(args, "d", "--delete") && hasFlag(args, "f", "--force")),
  stash: subcommandIn(1, "drop", "clear"),
};

function judgeGit(args: readonly Word[]): string | undefined {
  let at = 0;
  for (; args[at]?.value.startsWith("-"); at += 1) {
    const option = args[at]?.value ?? "";
    // A setting may name a program to run.
    if (/^(-c|--config-env|--exec-path=)/.test(option)) return `git ${option} may run a program`;
    if (option === "-C" || option === "--git-dir" || option === "--work-tree" || option === "--namespace") at += 1;
  }
  const subcommand = args[at];
  if (subcommand?.expands) return "an expansion decides what git does";
  const name = subcommand?.value ?? "";
  const risky = Object.hasOwn(gitRisks, name) && gitRisks[name]?.(args.slice(at + 1));
  return risky ? `git ${name} is destructive with these arguments` : undefined;
}
