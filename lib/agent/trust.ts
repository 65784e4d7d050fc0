import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { createJsonFile } from "./workspace/json-file.js";
import { realPathOf } from "./workspace/real-path.js";
import { gitTopLevel } from "./workspace/workspace.js";

const trustFile = z.record(z.string(), z.looseObject({ path: z.string(), trusted_at: z.string() }));

/** A workspace whose files may define what is run. */
export interface TrustedWorkspace {
  readonly path: string;
  /** RFC 3339. */
  readonly trusted_at: string;
}

/** Which workspaces a person has trusted; kept in the daemon's own folder, which nothing in a workspace can reach. */
export interface Trust {
  /** The root that would be trusted for a folder: the git top level, else the folder. */
  rootOf(folder: string): Promise<string>;
  has(root: string): Promise<boolean>;
  add(root: string, now: string): Promise<void>;
  remove(root: string): Promise<void>;
  list(): Promise<readonly TrustedWorkspace[]>;
}

/** The trust of a home folder. */
export function createTrust(home: string): Trust {
  const file = createJsonFile(join(home, "mcp-trust.json"), trustFile, {});
  const keyOf = async (root: string): Promise<{ key: string; path: string }> => {
    const path = await realPathOf(root);
    return { key: createHash("sha256").update(path).digest("hex"), path };
  };
  return {
    async rootOf(folder) {
      const real = await realPathOf(folder);
      return gitTopLevel(real) ?? real;
    },
    async has(root) {
      const { key, path } = await keyOf(root);
      const entry = (await file.read())[key];
      return entry?.path === path;
    },
    async add(root, now) {
      const { key, path } = await keyOf(root);
      await file.update((entries) => ({ ...entries, [key]: { path, trusted_at: now } }));
    },
    async remove(root) {
      const { key } = await keyOf(root);
      await file.update((entries) => Object.fromEntries(Object.entries(entries).filter(([other]) => other !== key)));
    },
    async list() {
      return Object.values(await file.read()).map(({ path, trusted_at }) => ({ path, trusted_at }));
    },
  };
}
