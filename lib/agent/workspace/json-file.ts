// Not "node:fs/promises": what a daemon loads at its start loads no more than it uses.
import { promises } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";

/** A value that lasts: in a file of ours, or in memory for the time of a run. */
export interface JsonFile<Value> {
  read(): Promise<Value>;
  /** Changes it, one after the other; answers what it has become. */
  update(change: (value: Value) => Value): Promise<Value>;
}

/** A value as far as parsing goes. */
export interface ValueParser<Value> {
  safeParse(value: unknown): { readonly success: true; readonly data: Value } | { readonly success: false };
}

const queues = new Map<string, Promise<unknown>>();

/** A value in a file that only its owner can read; what cannot be parsed counts as the first value. */
export function createJsonFile<Value>(path: string, parser: ValueParser<Value>, first: Value): JsonFile<Value> {
  const read = async (): Promise<Value> => {
    try {
      const parsed = parser.safeParse(JSON.parse(await promises.readFile(path, "utf8")));
      return parsed.success ? parsed.data : first;
    } catch {
      return first;
    }
  };
  return {
    read,
    async update(change) {
      // Several runs of this process may hold the same file.
      const mine = (queues.get(path) ?? Promise.resolve()).then(async () => {
        const value = change(await read());
        await writePrivate(path, `${JSON.stringify(value)}\n`);
        return value;
      });
      const settled = mine.catch(() => {});
      queues.set(path, settled);
      try {
        return await mine;
      } finally {
        if (queues.get(path) === settled) queues.delete(path);
      }
    },
  };
}

/** A value that lasts as long as its owner. */
export function createMemoryValue<Value>(first: Value): JsonFile<Value> {
  let value = first;
  return {
    read: async () => value,
    update: async (change) => (value = change(value)),
  };
}

/** Writes a file of ours whole or not at all, for its owner alone. */
async function writePrivate(path: string, text: string): Promise<void> {
  await promises.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await promises.open(draft, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await promises.chmod(draft, 0o600);
    await promises.rename(draft, path);
  } catch (error) {
    await promises.unlink(draft).catch(() => {});
    throw error;
  } finally {
    await file.close().catch(() => {});
  }
}
