import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Random } from "./store-random.js";
import { type Call, decode } from "./store-strace.js";

/** One step of what a disk was asked to do. */
type Change =
  | { readonly kind: "write"; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly file: string; readonly length: number }
  | { readonly kind: "create" | "unlink" | "sync"; readonly file: string }
  | { readonly kind: "sync-folder" };

/** What happened, and the acknowledgements between. */
export type Event = Change | { readonly kind: "ack"; readonly op: number };

/** What the calls meant for the disk; `said` is the file that got the acknowledgements. */
export function eventsOf(calls: readonly Call[], path: string, said: string): Event[] {
  const folder = dirname(path);
  const there = new Set<string>();
  return calls.flatMap((call): Event[] => {
    const { name, text, isDone } = call;
    const file = basename(call.path);
    if (!isDone) return [];
    if (call.path === said) return name === "write" ? acknowledgement(text) : [];
    if (call.path === folder) return name === "fsync" || name === "fdatasync" ? [{ kind: "sync-folder" }] : [];
    switch (name) {
      case "openat":
        if (!text.includes("O_CREAT") || there.has(file)) return [];
        there.add(file);
        return [{ kind: "create", file }];
      case "pwrite64":
        return [{ kind: "write", file, ...written(text) }];
      case "ftruncate":
        return [{ kind: "cut", file, length: Number(text) }];
      case "unlink":
        there.delete(file);
        return [{ kind: "unlink", file }];
      case "fsync":
      case "fdatasync":
        return [{ kind: "sync", file }];
      default:
        throw new Error(`A call that is not understood: ${name} ${text}`);
    }
  });
}

function acknowledgement(text: string): Event[] {
  const line = decode(/^"([^"]*)"/.exec(text)?.[1] ?? "").toString();
  const [, op] = /^ack (\d+)\n$/.exec(line) ?? [];
  return op === undefined ? [] : [{ kind: "ack", op: Number(op) }];
}

function written(text: string): { at: number; bytes: Buffer } {
  const [, data = "", at] = /^"([^"]*)", \d+, (\d+)$/.exec(text) ?? [];
  if (at === undefined) throw new Error(`A write that is not understood: ${text.slice(-40)}`);
  return { at: Number(at), bytes: decode(data) };
}

interface Waiting {
  /** Changes of the content since the last sync. */
  pending: (Change & { kind: "write" | "cut" })[];
  length: number;
  /** At least as long as the file. */
  room: Buffer;
}

/** What lies in a folder after the power was lost, and what had been acknowledged by then. */
export interface Image {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly acknowledged: number;
}

/**
 * Loses the power after so many events: what was synced is there, of later writes any part, torn at sectors or pages;
 * names that appeared or went since the last sync of the folder may be as before.
 */
export function imageAfter(events: readonly Event[], random: Random): Image {
  // An inode a creation: a name may come to mean another file.
  let names = new Map<string, Waiting>();
  let syncedNames = new Map<string, Waiting>();
  let acknowledged = 0;
  for (const event of events) {
    switch (event.kind) {
      case "ack":
        acknowledged = Math.max(acknowledged, event.op);
        break;
      case "create":
        names.set(event.file, { pending: [], length: 0, room: Buffer.alloc(0) });
        break;
      case "unlink":
        names.delete(event.file);
        break;
      case "sync-folder":
        syncedNames = new Map(names);
        break;
      case "sync": {
        const file = names.get(event.file);
        if (file) apply(file, file.pending.splice(0));
        break;
      }
      default:
        names.get(event.file)?.pending.push(event);
    }
  }
  names = afterLoss(syncedNames, names, random);
  for (const file of names.values()) apply(file, kept(file.pending, random));
  return { files: new Map([...names].map(([name, { length, room }]) => [name, room.subarray(0, length)])), acknowledged };
}

/** Each name by itself is as it was at the last sync, or as it became. */
function afterLoss(synced: ReadonlyMap<string, Waiting>, current: ReadonlyMap<string, Waiting>, random: Random): Map<string, Waiting> {
  const names = new Map<string, Waiting>();
  for (const name of new Set([...synced.keys(), ...current.keys()])) {
    const file = random.chance(0.5) ? synced.get(name) : current.get(name);
    if (file) names.set(name, file);
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
export function writeImage(folder: string, image: Image): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of image.files) writeFileSync(join(folder, name), content);
}
