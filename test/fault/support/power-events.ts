import { relative } from "node:path";
import { type Call, decode } from "./store-strace.js";

/** One step of what a disk was asked to do. Files and folders are named by their path below the root, which itself is ".". */
export type Change =
  | { readonly kind: "write"; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "cut"; readonly file: string; readonly length: number }
  | { readonly kind: "create" | "folder" | "unlink" | "sync" | "sync-folder"; readonly file: string }
  | { readonly kind: "move" | "link"; readonly file: string; readonly to: string };

/** What happened, and the lines that the writer said between. */
export type Event = Change | { readonly kind: "said"; readonly line: string };

/** What the calls meant for what lies below the root; `said` is the file that got the lines. */
export function eventsOf(calls: readonly Call[], root: string, said?: string): Event[] {
  const seen: Seen = { folders: new Set(["."]), lengths: new Map() };
  return calls.flatMap((call): Event[] => {
    if (!call.isDone) return [];
    if (call.path === said) return call.name === "write" ? [{ kind: "said", line: bytesOf(call).toString().trimEnd() }] : [];
    const file = relative(root, call.path) || ".";
    // What readers of a log share is not on the disk; SQLite makes it anew.
    return file.startsWith("..") || file.endsWith("-shm") ? [] : changesOf(call, file, root, seen);
  });
}

interface Seen {
  readonly folders: Set<string>;
  /** Of files that are there: where the next bytes go that say no place. */
  readonly lengths: Map<string, number>;
}

function changesOf(call: Call, file: string, root: string, { folders, lengths }: Seen): Event[] {
  const { name, text } = call;
  const [, second = ""] = /^(?:, )?(?:AT_FDCWD[^,]*, )?"([^"]*)"/.exec(text) ?? [];
  const to = relative(root, decode(second).toString());
  switch (name) {
    case "openat":
      if (text.includes("O_CREAT") && !lengths.has(file)) return (lengths.set(file, 0), [{ kind: "create", file }]);
      if (!text.includes("O_TRUNC")) return [];
      lengths.set(file, 0);
      return [{ kind: "cut", file, length: 0 }];
    case "write": {
      const at = lengths.get(file) ?? 0;
      lengths.set(file, at + call.returned);
      return [{ kind: "write", file, at, bytes: bytesOf(call).subarray(0, call.returned) }];
    }
    case "pwrite64": {
      const [, at] = /, \d+, (\d+)$/.exec(text) ?? [];
      if (at === undefined) throw new Error(`A write that is not understood: ${text.slice(-40)}`);
      return [{ kind: "write", file, at: Number(at), bytes: bytesOf(call) }];
    }
    case "ftruncate":
      return [{ kind: "cut", file, length: Number(text) }];
    case "unlink":
      lengths.delete(file);
      return [{ kind: "unlink", file }];
    case "rename":
      lengths.set(to, lengths.get(file) ?? 0);
      lengths.delete(file);
      return [{ kind: "move", file, to }];
    case "link":
      lengths.set(to, lengths.get(file) ?? 0);
      return [{ kind: "link", file, to }];
    case "mkdir":
      folders.add(file);
      return [{ kind: "folder", file }];
    case "fsync":
    case "fdatasync":
      return [{ kind: folders.has(file) ? "sync-folder" : "sync", file }];
    default:
      throw new Error(`A call that is not understood: ${name} ${text}`);
  }
}

function bytesOf({ text }: Call): Buffer {
  return decode(/^"([^"]*)"/.exec(text)?.[1] ?? "");
}
