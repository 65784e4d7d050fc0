import { AnodeError } from "../errors.js";
import { plainText } from "../plain-text.js";
import type { NewPane, Pane, PaneBackend, PaneProcess, Probe } from "./pane-backend.js";
import { checkedPaneId } from "./pane-id.js";

/** A pane in memory. */
export interface MemoryPane extends Pane {
  /** The pane's processes, the first one first. */
  readonly processes: readonly PaneProcess[];
}

/** Panes in memory for tests of what uses panes. */
export interface MemoryPanes extends PaneBackend {
  readonly kind: "memory";
  /** Adds a pane whose program is one process, or the processes given. */
  add(pane?: Partial<MemoryPane>): MemoryPane;
  /** Changes what is true of a pane from now on. */
  change(paneId: string, changes: Partial<Omit<MemoryPane, "pane_id">>): void;
  /** Takes a pane away, as its end does. */
  remove(paneId: string): void;
  /** All input of a pane so far, of one that is gone too: pastes between their brackets, Enter as CR. */
  inputOf(paneId: string): string;
  /** Makes everything unavailable for this reason, until it is called without one. */
  breakDown(reason?: string): void;
  /** Called before each call is served, with its name: the place for what happens in between. */
  before: ((call: "list" | "get" | "tree" | "paste" | "submit", paneId?: string) => void | Promise<void>) | undefined;
}

/** A {@link PaneBackend} without terminals: it keeps the panes it is told of and the input it is given for them. */
export function createMemoryPanes(): MemoryPanes {
  const panes = new Map<string, MemoryPane>();
  const inputs = new Map<string, string>();
  let broken: string | undefined;
  let next = 0;

  const look = async <Found>(call: "list" | "get" | "tree", found: () => Found | undefined, paneId?: string): Promise<Probe<Found>> => {
    if (paneId !== undefined) checkedPaneId(paneId);
    await memory.before?.(call, paneId);
    if (broken !== undefined) return { probe: "unavailable", reason: broken };
    const value = found();
    return value === undefined ? { probe: "fail" } : { probe: "ok", found: value };
  };
  const held = (paneId: string): MemoryPane => {
    if (broken !== undefined) throw new AnodeError("pane_backend_unavailable", `The panes cannot be reached: ${broken}.`);
    const pane = panes.get(checkedPaneId(paneId));
    if (!pane) throw new AnodeError("pane_not_found", `There is no pane ${paneId}.`);
    return pane;
  };
  const type = (paneId: string, text: string): void => void inputs.set(paneId, (inputs.get(paneId) ?? "") + text);

  const memory: MemoryPanes = {
    kind: "memory",
    supports: { create: true, kill: true },
    before: undefined,
    list: () => look("list", () => [...panes.values()].map(shown)),
    get: (paneId) => look("get", () => mapped(panes.get(paneId), shown), paneId),
    tree: (paneId) => look("tree", () => panes.get(paneId)?.processes, paneId),
    async paste(paneId, text) {
      checkedPaneId(paneId);
      await memory.before?.("paste", paneId);
      held(paneId);
      const plain = plainText(text);
      if (plain !== "") type(paneId, `\x1b[200~${plain}\x1b[201~`);
    },
    async submit(paneId) {
      checkedPaneId(paneId);
      await memory.before?.("submit", paneId);
      held(paneId);
      type(paneId, "\r");
    },
    async create({ session, cwd, argv }: NewPane) {
      if (broken !== undefined) throw new AnodeError("pane_backend_unavailable", `The panes cannot be reached: ${broken}.`);
      return shown(memory.add({ session, cwd, command: argv[0]?.split("/").at(-1) ?? "" }));
    },
    async kill(paneId) {
      panes.delete(held(paneId).pane_id);
    },
    add(pane = {}) {
      const number = (next += 1);
      const pid = pane.pid ?? 1000 * number;
      const command = pane.command ?? "agent";
      const whole: MemoryPane = {
        pane_id: `%${number}`,
        pid,
        command,
        cwd: "/srv/project",
        session: "main",
        window: "0",
        in_mode: false,
        processes: [{ pid, ppid: 1, name: command, started: pid + 7, foreground: true }],
        ...pane,
      };
      panes.set(whole.pane_id, whole);
      return whole;
    },
    change: (paneId, changes) => void panes.set(paneId, { ...held(paneId), ...changes }),
    remove: (paneId) => void panes.delete(paneId),
    inputOf: (paneId) => inputs.get(paneId) ?? "",
    breakDown: (reason) => void (broken = reason),
  };
  return memory;
}

function shown({ pane_id, pid, command, cwd, session, window, in_mode }: Pane): Pane {
  return { pane_id, pid, command, cwd, session, window, in_mode };
}

function mapped<Value, Result>(value: Value | undefined, map: (value: Value) => Result): Result | undefined {
  return value === undefined ? undefined : map(value);
}
