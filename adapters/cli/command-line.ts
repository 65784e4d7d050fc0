import { AnodeError } from "../../lib/errors.js";
import { type CommandName, commandNames, commandTable } from "./command-table.js";
import { accepts, type FlagName, flagTable, flagTyped, shortFlags, spellingOf } from "./flags.js";

/** What was typed, checked against the tables of commands and flags. Values are the strings that were typed. */
export interface CommandLine {
  /** Absent when no command was named. */
  readonly command?: CommandName;
  /** The words after the command, but for those after `--`. */
  readonly words: readonly string[];
  /** The words after `--`. */
  readonly rest: readonly string[];
  has(name: FlagName): boolean;
  text(name: FlagName): string | undefined;
  /** The value of a `count` or `integer` flag. */
  number(name: FlagName): number | undefined;
  list(name: FlagName): readonly string[];
}

type Flags = Map<FlagName, string[]>;

/**
 * Reads what was typed, without looking at anything else.
 * @param program - name it was typed under: `anode-daemon` without a command is `anode daemon`
 * @throws `invalid_request`, the code of every misuse
 */
export function readCommandLine(args: readonly string[], program = "anode"): CommandLine {
  const { words: named, rest, flags, asked } = split(args);
  if (asked !== undefined && named.length > 0) throw misuse(`-x is not accepted by ${shortened(named.join(" "))}; alone it is execute.`);
  const typed = asked === undefined ? named : ["execute", asked];
  const plain = flags.has("help") || flags.has("version");
  const words = typed.length === 0 && program === "anode-daemon" && !plain ? ["daemon"] : typed;
  const command = commandOf(words);
  if (command === undefined) {
    refuseUnknown(words, plain);
    for (const name of flags.keys()) if (flagTable[name].on !== "every") throw misuse(`--${spellingOf(name)} needs a command.`);
  } else {
    for (const name of flags.keys()) if (!accepts(command, name)) throw misuse(`--${spellingOf(name)} is not accepted by ${command}`);
    if (!plain) checkWords(command, words.slice(command.split(" ").length), rest);
  }
  return {
    ...(command !== undefined && { command }),
    words: words.slice(command?.split(" ").length ?? 0),
    rest,
    has: (name) => flags.has(name),
    text: (name) => flags.get(name)?.[0],
    number: (name) => toNumber(flags.get(name)?.[0]),
    list: (name) => flags.get(name) ?? [],
  };
}

/** The error of a command that was typed wrongly. */
export function misuse(sentence: string): AnodeError {
  return new AnodeError("invalid_request", sentence);
}

interface Split {
  readonly words: readonly string[];
  readonly rest: readonly string[];
  readonly flags: Flags;
  /** The prompt after `-x`, which stands for the command `execute`. */
  readonly asked?: string;
}

function split(args: readonly string[]): Split {
  const words: string[] = [];
  const flags: Flags = new Map();
  let asked: string | undefined;
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  for (let at = 0; at < before.length; at += 1) {
    const word = before[at] ?? "";
    if (!word.startsWith("-") || word === "-") words.push(word);
    else if (word === "-x") {
      if (asked !== undefined) throw misuse("-x is given twice, and takes one prompt.");
      asked = before[(at += 1)];
      if (asked === undefined || asked.trim() === "") throw misuse('-x needs a prompt, such as: -x "explain this repository"');
    } else at += takeFlag(word, before[at + 1], flags, commandOf(words));
  }
  return { words, rest: end < 0 ? [] : args.slice(end + 1), flags, ...(asked !== undefined && { asked }) };
}

/** Puts a flag with its value among the others. Gives how many of the following words it used. */
function takeFlag(word: string, next: string | undefined, flags: Flags, command: CommandName | undefined): number {
  const equals = word.indexOf("=");
  const shown = equals < 0 ? word : word.slice(0, equals);
  const name = flagNamed(shown, command);
  const { kind, repeat } = flagTable[name];
  const values = flags.get(name) ?? [];
  if (values.length > 0 && !repeat) throw misuse(`${shown} is given twice, and takes one value.`);
  if (kind === "switch") {
    if (equals >= 0) throw misuse(`${shown} takes no value.`);
    flags.set(name, ["true"]);
    return 0;
  }
  const value = equals < 0 ? next : word.slice(equals + 1);
  if (value === undefined || (equals < 0 && looksLikeFlag(value))) {
    throw misuse(`${shown} needs a value; one that begins with a dash is written ${shown}=<value>.`);
  }
  checkValue(shown, kind, value);
  flags.set(name, [...values, value]);
  return equals < 0 ? 1 : 0;
}

function flagNamed(shown: string, command: CommandName | undefined): FlagName {
  const name = shown.startsWith("--") ? flagTyped(shown.slice(2), command) : undefined;
  if (name !== undefined) return name;
  const short = shown.slice(1);
  const long = Object.hasOwn(shortFlags, short) ? shortFlags[short] : undefined;
  if (long === undefined) throw misuse(`${shown} is not a flag of any command.`);
  return long;
}

/** A negative number is a value: it is refused as a number, where it has to be, and not as a flag. */
function looksLikeFlag(text: string): boolean {
  return text.length > 1 && text.startsWith("-") && !/^-\d/.test(text);
}

function checkValue(shown: string, kind: "text" | "any" | "count" | "integer", value: string): void {
  if (kind === "text" && value.trim() === "") throw misuse(`${shown} must not be blank.`);
  const safe = Number.isSafeInteger(Number(value));
  if (kind === "count" && !(/^\d+$/.test(value) && safe)) throw misuse(`${shown} must be a whole number from 0, got ${shortened(value)}.`);
  if (kind === "integer" && !(/^-?\d+$/.test(value) && safe)) throw misuse(`${shown} must be a whole number, got ${shortened(value)}.`);
}

/** The longest command that the words begin with. */
function commandOf(words: readonly string[]): CommandName | undefined {
  return [2, 1].map((count) => commandNames.find((name) => name === words.slice(0, count).join(" "))).find((name) => name !== undefined);
}

function refuseUnknown(words: readonly string[], plain: boolean): void {
  const [first] = words;
  if (first === undefined) return;
  const group = commandNames.filter((name) => name.startsWith(`${first} `)).map((name) => name.slice(first.length + 1));
  if (group.length === 0) throw misuse(`${shortened(first)} is not a command; anode --help lists them.`);
  if (words.length > 1) throw misuse(`${first} ${shortened(words[1] ?? "")} is not a command; ${first} has ${group.join(", ")}.`);
  if (!plain) throw misuse(`${first} needs one of ${group.join(", ")}.`);
}

function checkWords(command: CommandName, words: readonly string[], rest: readonly string[]): void {
  const slots = commandTable[command].words.split(" ").filter(Boolean);
  const least = slots.filter((slot) => slot.startsWith("<")).length;
  const most = slots.some((slot) => slot.includes("...")) ? Infinity : slots.length;
  const given = words.length + rest.length;
  if (given < least) throw misuse(`${command} needs ${slots[given] ?? ""}.`);
  if (given > most)
    throw misuse(`${command} takes ${most === 0 ? "no words" : slots.join(" ")}, got ${shortened([...words, ...rest][most] ?? "")} too.`);
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
