import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Change, Event } from "./power-events.js";
import type { Random } from "./store-random.js";

interface Waiting {
  /** Changes of the content since the last sync. */
  pending: (Change & { kind: "write" | "cut" })[];
  length: number;
  /** At least as long as the file. */
  room: Buffer;
}

/** What a name stands for. */
type Entry = Waiting | "folder";
type Names = ReadonlyMap<string, Entry>;

/** What lies below the root after the power was lost, and what had been said by then. */
export interface Image {
  readonly files: ReadonlyMap<string, Buffer | "folder">;
  readonly said: readonly string[];
}

/**
 * Loses the power after so many events: what was synced is there, of later writes any part, torn at sectors or pages;
 * names that appeared or went since the last sync of their folder may be as before.
 */
export function imageAfter(events: readonly Event[], random: Random): Image {
  // An inode a creation: a name may come to mean another file.
  const names = new Map<string, Entry>();
  const synced = new Map<string, Entry>();
  const said: string[] = [];
  for (const event of events) {
    if (event.kind === "said") said.push(event.line);
    else change(event, names, synced);
  }
  const files = new Map<string, Buffer | "folder">();
  for (const [name, entry] of afterLoss(synced, names, random)) {
    if (entry === "folder") files.set(name, entry);
    else {
      apply(entry, kept(entry.pending.splice(0), random));
      files.set(name, entry.room.subarray(0, entry.length));
    }
  }
  return { files, said };
}

function change(event: Change, names: Map<string, Entry>, synced: Map<string, Entry>): void {
  const { file } = event;
  const found = names.get(file);
  switch (event.kind) {
    case "create":
      names.set(file, { pending: [], length: 0, room: Buffer.alloc(0) });
      break;
    case "folder":
      names.set(file, "folder");
      break;
    case "unlink":
      names.delete(file);
      break;
    case "move":
    case "link":
      if (found) names.set(event.to, found);
      if (event.kind === "move") names.delete(file);
      break;
    case "sync-folder":
      for (const name of new Set([...names.keys(), ...synced.keys()])) if (dirname(name) === file) copy(name, names, synced);
      break;
    case "sync":
      if (found && found !== "folder") apply(found, found.pending.splice(0));
      break;
    default:
      if (found && found !== "folder") found.pending.push(event);
  }
}

function copy(name: string, from: Names, to: Map<string, Entry>): void {
  const entry = from.get(name);
  if (entry) to.set(name, entry);
  else to.delete(name);
}

/** Each name by itself is as it was at the last sync of its folder, or as it became; it is gone with its folder. */
function afterLoss(synced: Names, current: Names, random: Random): Map<string, Entry> {
  const names = new Map<string, Entry>();
  // A folder comes before what is in it.
  for (const name of [...new Set([...synced.keys(), ...current.keys()])].sort()) {
    const isReached = dirname(name) === "." || names.get(dirname(name)) === "folder";
    const entry = random.chance(0.5) ? synced.get(name) : current.get(name);
    if (entry && isReached) names.set(name, entry);
  }
  return names;
}

/** Any part of what was not synced: all, none, a beginning, or every piece by its own luck. */
function kept(pending: Waiting["pending"], random: Random): Waiting["pending"] {
  const way = random.int(4);
  if (way === 0) return pending;
  if (way === 1) return [];
  if (way === 2) {
    const length = random.int(pending.length + 1);
    const last = pending[length];
    return [...pending.slice(0, length), ...(last?.kind === "write" ? torn(last, random, true) : [])];
  }
  const lucky = pending.filter(() => random.chance(0.5));
  return lucky.flatMap((change): Waiting["pending"] => (change.kind === "write" ? torn(change, random, false) : [change]));
}

type Write = Change & { kind: "write" };

/** The sectors or pages of a write that reached the disk. */
function torn(write: Write, random: Random, onlyBeginning: boolean): Write[] {
  if (!onlyBeginning && random.chance(0.5)) return [write];
  const unit = random.pick([512, 4096]);
  const pieces: Write[] = [];
  for (let from = 0; from < write.bytes.length; ) {
    const to = Math.min(write.bytes.length, from + unit - ((write.at + from) % unit));
    pieces.push({ ...write, at: write.at + from, bytes: write.bytes.subarray(from, to) });
    from = to;
  }
  return onlyBeginning ? pieces.slice(0, random.int(pieces.length + 1)) : pieces.filter(() => random.chance(0.5));
}

function apply(file: Waiting, changes: Waiting["pending"]): void {
  for (const change of changes) {
    if (change.kind === "cut") resize(file, change.length);
    else {
      resize(file, Math.max(file.length, change.at + change.bytes.length));
      change.bytes.copy(file.room, change.at);
    }
  }
}

/** What is beyond the end is zero: a hole reads as zeros. */
function resize(file: Waiting, length: number): void {
  if (length > file.room.length) {
    const room = Buffer.alloc(2 * length);
    file.room.copy(room, 0, 0, file.length);
    file.room = room;
  }
  if (length < file.length) file.room.fill(0, length, file.length);
  file.length = length;
}

/** Puts an image where a store can be opened. */
export function writeImage(root: string, image: Image): void {
  mkdirSync(root, { recursive: true });
  for (const [name, content] of image.files) {
    if (content === "folder") mkdirSync(join(root, name), { mode: 0o700 });
    else writeFileSync(join(root, name), content, { mode: 0o600 });
  }
}
