import { AnodeError } from "../errors.js";
import type { Pane, PaneBackend } from "./pane-backend.js";
import type { PanePeers } from "./ports.js";
import type { OrphanPane, OrphanPanes } from "./schema.js";

/**
 * The local panes that are no registered peer's.
 * @throws `pane_backend_unavailable` when they cannot be told, where there are panes at all
 */
export async function orphanPanesOf(panes: PaneBackend, peers: Pick<PanePeers, "living">, machine: string): Promise<OrphanPanes> {
  if (panes.kind === "none") return { panes: [], pane_backend: "none" };
  const list = await panes.list();
  if (list.probe !== "ok") throw unavailablePanes(list.probe === "unavailable" ? list.reason : "they cannot be listed");
  // Looked at after the list: a pane that was linked meanwhile is none of these.
  const held = new Set(peers.living().flatMap((peer) => (peer.machine === machine ? [peer.pane_id] : [])));
  return { panes: list.found.filter(({ pane_id }) => !held.has(pane_id)).map(toOrphan), pane_backend: panes.kind };
}

/** The refusal of whoever needs the panes where they cannot be reached. */
export function unavailablePanes(reason: string): AnodeError {
  return new AnodeError("pane_backend_unavailable", `Panes cannot be reached: ${reason}.`, { retryAfterSeconds: 5 });
}

const programs: Readonly<Record<string, OrphanPane["detected_backend"]>> = {
  claude: "claude-code",
  "claude-code": "claude-code",
  codex: "codex",
  gemini: "gemini",
  opencode: "opencode",
};

function toOrphan({ pane_id, pid, command, cwd, session, window }: Pane): OrphanPane {
  const name = command.split("/").at(-1) ?? "";
  const detected_backend = Object.hasOwn(programs, name) ? programs[name] : undefined;
  return {
    pane_id,
    pid,
    command,
    cwd,
    session,
    window,
    ...(detected_backend && { detected_backend }),
    confidence: detected_backend ? "hint" : "unknown",
  };
}
