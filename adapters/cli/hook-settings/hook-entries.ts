import { isObject } from "../../../lib/plain-object.js";
import { inserted, type Layout, layoutOf, removed } from "./edit-json.js";
import { memberOf, type Place, placesOf } from "./json-places.js";

/** One hook of ours in a runtime's settings. */
export interface HookEntry {
  /** The runtime's name of the event. */
  readonly event: string;
  /** Which tools it is about; absent where an event has none. */
  readonly matcher?: string;
  readonly command: string;
  /** In the runtime's own unit. */
  readonly timeout: number;
  /** What else stands beside the command. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/**
 * Ends each command of ours, as a comment of the shell: by it an entry is known, whatever program it names, and it says what was made for
 * it and is to go with it: the list of the event, the table of hooks, the file.
 */
const mark = /# anode hooks(?<made>(?: \+(?:list|table|file))*)$/;

type Made = "list" | "table" | "file";
interface Found {
  readonly event: string;
  readonly made: readonly Made[];
  readonly command: string;
}

/** Ours among the hooks of a settings file. */
export function entriesIn(json: string): readonly Found[] {
  return groupsOf(rootOf(json)).flatMap(({ found }) => found);
}

/** The settings with these hooks in them and no others of ours; everything else stays as it is, byte by byte. @throws SyntaxError */
export function withEntries(json: string | undefined, entries: readonly HookEntry[]): string {
  let text = json === undefined ? undefined : withoutEntries(json);
  const isFileMade = text === undefined;
  text ??= "{}\n";
  const layout = layoutOf(text, rootOf(text));
  for (const entry of entries) text = withEntry(text, entry, layout, isFileMade);
  return text;
}

/** The settings as they were without ours; nothing when the file was made for them and holds nothing else. @throws SyntaxError */
export function withoutEntries(json: string): string | undefined {
  let text = json;
  const made = new Set<Made>();
  for (;;) {
    const [group] = groupsOf(rootOf(text)).filter(({ found }) => found.length > 0);
    if (!group) break;
    for (const { made: own } of group.found) for (const one of own) made.add(one);
    text = removed(text, group.list, group.group);
    if (group.found.some(({ made: own }) => own.includes("list"))) text = withoutEmpty(text, ["hooks", group.event]);
  }
  if (made.has("table")) text = withoutEmpty(text, ["hooks"]);
  return made.has("file") && rootOf(text).members.length === 0 ? undefined : text;
}

function withEntry(text: string, entry: HookEntry, layout: Layout, isFileMade: boolean): string {
  const root = rootOf(text);
  const table = memberOf(root, "hooks")?.place;
  const list = memberOf(table, entry.event)?.place;
  if (table && !isObject(table.value)) throw new SyntaxError("hooks must be an object");
  if (list && !Array.isArray(list.value)) throw new SyntaxError(`hooks.${entry.event} must be an array`);
  const made: Made[] = [...(list ? [] : ["list" as const]), ...(table ? [] : ["table" as const]), ...(isFileMade ? ["file" as const] : [])];
  const group = groupOf(entry, made);
  if (list) return inserted(text, list, 3, group, layout);
  if (table) return inserted(text, table, 2, [group], layout, entry.event);
  return closed(inserted(text, root, 1, { [entry.event]: [group] }, layout, "hooks"), isFileMade, layout);
}

/** A file of our own ends as others do. */
function closed(text: string, isFileMade: boolean, { newline }: Layout): string {
  return isFileMade ? text.replace(/\}\n$/, `${newline}}${newline}`) : text;
}

function groupOf({ matcher, command, timeout, more }: HookEntry, made: readonly Made[]): object {
  const marked = `${command} # anode hooks${made.map((one) => ` +${one}`).join("")}`;
  return { ...(matcher !== undefined && { matcher }), hooks: [{ type: "command", command: marked, timeout, ...more }] };
}

interface Group {
  readonly event: string;
  readonly list: Place;
  readonly group: Place["members"][number];
  /** Ours in it. */
  readonly found: readonly Found[];
}

/** A group is ours when every hook in it is. */
function groupsOf(root: Place): Group[] {
  const table = memberOf(root, "hooks")?.place;
  return (table?.members ?? []).flatMap(({ key: event = "", place: list }) =>
    (Array.isArray(list.value) ? list.members : []).map((group) => ({ event, list, group, found: foundIn(event, group.place.value) })),
  );
}

function foundIn(event: string, group: unknown): Found[] {
  const hooks = isObject(group) ? group["hooks"] : undefined;
  if (!Array.isArray(hooks)) return [];
  const found = hooks.map((hook: unknown): Found | undefined => {
    const command = isObject(hook) ? hook["command"] : undefined;
    const match = typeof command === "string" ? mark.exec(command) : undefined;
    if (!match) return undefined;
    const made = (match.groups?.["made"] ?? "").split(" +").filter((one) => one !== "") as Made[];
    return { event, made, command: command as string };
  });
  return found.every((one) => one !== undefined) ? found : [];
}

function withoutEmpty(text: string, path: readonly [string, string?]): string {
  const root = rootOf(text);
  const [first, second] = path;
  const outer = memberOf(root, first);
  const [from, member] = second === undefined ? [root, outer] : [outer?.place, memberOf(outer?.place, second)];
  return from && member && member.place.members.length === 0 ? removed(text, from, member) : text;
}

function rootOf(json: string): Place {
  const root = placesOf(json);
  if (!isObject(root.value)) throw new SyntaxError("the settings must be one object");
  return root;
}
