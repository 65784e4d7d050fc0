import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { later } from "../later.js";
import { createJsonFile } from "./workspace/json-file.js";
import { gitTopLevel } from "./workspace/workspace.js";

const trustFile = later(() => z.record(z.string(), z.looseObject({ path: z.string(), trusted_at: z.string() })));

/** A workspace whose files may define what is run. */
export interface TrustedWorkspace {
  readonly path: string;
  /** RFC 3339. */
  readonly trusted_at: string;
}

/** Which workspaces a person has trusted; kept in the daemon's own folder, which nothing in a workspace can reach. */
export interface Trust {
  /** The root that would be trusted for a folder: the git top level, else the folder. */
  rootOf(folder: string): string;
  has(root: string): boolean;
  add(root: string, now: string): Promise<void>;
  remove(root: string): Promise<void>;
  list(): readonly TrustedWorkspace[];
}

/** The trust of a home folder. */
export function createTrust(home: string): Trust {
  const path = join(home, "mcp-trust.json");
  const file = createJsonFile(path, trustFile, {});
  const read = (): z.infer<typeof trustFile> => {
    try {
      return trustFile.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      // What cannot be read trusts nobody.
      return {};
    }
  };
  return {
    rootOf: (folder) => gitTopLevel(realpathSync(folder)) ?? realpathSync(folder),
    has(root) {
      const { key, real } = keyOf(root);
      const entries = read();
      return Object.hasOwn(entries, key) && entries[key]?.path === real;
    },
    async add(root, now) {
      const { key, real } = keyOf(root);
      await file.update((entries) => ({ ...entries, [key]: { path: real, trusted_at: now } }));
    },
    async remove(root) {
      const { key } = keyOf(root);
      await file.update((entries) => Object.fromEntries(Object.entries(entries).filter(([other]) => other !== key)));
    },
    list: () => Object.values(read()).map(({ path: trusted, trusted_at }) => ({ path: trusted, trusted_at })),
  };
}

function keyOf(root: string): { readonly key: string; readonly real: string } {
  const real = realpathSync(root);
  return { key: createHash("sha256").update(real).digest("hex"), real };
}
