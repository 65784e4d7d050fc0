import { createHash } from "node:crypto";
import { ToolError } from "../tools/tool-error.js";
import type { Workspace } from "./workspace.js";

/** The files of one run as its tools may use them: which paths are open to a call, and what the run knows of each file. */
export interface FileRoom {
  readonly workspace: Workspace;
  /** Binds a call to the paths it was allowed for, wherever they lie: it can use no others. */
  admit(call_id: string, reals: readonly string[]): void;
  dismiss(call_id: string): void;
  /** The real path, if the call may use it. @throws ToolError `denied` */
  enter(call_id: string, path: string, access: "read" | "write"): Promise<string>;
  /** Remembers what the model has seen or written; `undefined` = the file is gone. */
  saw(real: string, bytes: Buffer | undefined): void;
  /** @throws ToolError `not_read`, `changed_on_disk` */
  assertKnown(real: string, bytes: Buffer): void;
  /** Runs one after the other what touches the same paths. */
  alone<T>(reals: readonly string[], work: () => Promise<T>): Promise<T>;
}

/** Makes the room of a run. */
export function createFileRoom(workspace: Workspace): FileRoom {
  const admitted = new Map<string, ReadonlySet<string>>();
  const seen = new Map<string, string>();
  const busy = new Map<string, Promise<unknown>>();

  return {
    workspace,
    admit: (call_id, reals) => void admitted.set(call_id, new Set(reals)),
    dismiss: (call_id) => void admitted.delete(call_id),
    async enter(call_id, path, access) {
      const real = await workspace.resolve(path);
      if (workspace.isHome(real)) throw new ToolError("denied", `${path} is in the daemon's own folder`);
      const allowed = admitted.get(call_id);
      if (allowed) {
        // A link that was put there after the call was judged leads nowhere.
        if (!allowed.has(real)) throw new ToolError("denied", `${path} leads elsewhere than when it was allowed`);
        return real;
      }
      const isOpen = access === "read" ? workspace.isReadable(real) : workspace.isInside(real);
      if (!isOpen) throw new ToolError("denied", `${path} is outside the workspace`);
      return real;
    },
    saw(real, bytes) {
      if (bytes) seen.set(real, digest(bytes));
      else seen.delete(real);
    },
    assertKnown(real, bytes) {
      const known = seen.get(real);
      if (known === undefined) throw new ToolError("not_read", `${workspace.shown(real)} was not read in this run; read it first`);
      if (known !== digest(bytes))
        throw new ToolError("changed_on_disk", `${workspace.shown(real)} changed since it was read; read it again`);
    },
    async alone(reals, work) {
      const keys = [...new Set(reals)];
      const before = Promise.all(keys.map(async (key) => busy.get(key)));
      const mine = before.then(work);
      const settled = mine.catch(() => {});
      for (const key of keys) busy.set(key, settled);
      try {
        return await mine;
      } finally {
        for (const key of keys) if (busy.get(key) === settled) busy.delete(key);
      }
    },
  };
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}
