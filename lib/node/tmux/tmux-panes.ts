import { randomBytes } from "node:crypto";
import { AnodeError, checkedPaneId, type NewPane, type Pane, type PaneBackend, plainText, type Probe } from "../../index.js";
import { systemReader } from "../process/process-reader.js";
import { listPanes, type TmuxPane } from "./list-panes.js";
import { treeOf } from "./pane-tree.js";
import { createRunTmux, type TmuxAnswer, type TmuxOptions, unavailable } from "./run-tmux.js";

/** {@link PaneBackend} over the panes of one tmux server, which it never starts by looking. */
export function createTmuxPanes(options: TmuxOptions = {}): PaneBackend & { readonly kind: "tmux" } {
  const run = createRunTmux(options);

  async function find(paneId: string): Promise<Probe<TmuxPane>> {
    checkedPaneId(paneId);
    const { panes, doubt } = await listPanes(run);
    const found = panes?.find(({ pane_id }) => pane_id === paneId);
    if (found) return { probe: "ok", found };
    return doubt === undefined ? { probe: "fail" } : { probe: "unavailable", reason: doubt };
  }

  return {
    kind: "tmux",
    supports: { create: true, kill: true },
    async list() {
      const { panes, doubt = "" } = await listPanes(run);
      return panes ? { probe: "ok", found: panes.map(shown) } : { probe: "unavailable", reason: doubt };
    },
    async get(paneId) {
      const pane = await find(paneId);
      return pane.probe === "ok" ? { probe: "ok", found: shown(pane.found) } : pane;
    },
    async tree(paneId) {
      const pane = await find(paneId);
      if (pane.probe !== "ok") return pane;
      if (pane.found.dead) return { probe: "ok", found: [] };
      const found = treeOf(systemReader(), pane.found.pid);
      if (found) return { probe: "ok", found };
      // It ended just now, or lives where we cannot see it.
      const again = await find(paneId);
      if (again.probe === "ok" && again.found.dead) return { probe: "ok", found: [] };
      return again.probe === "ok" ? { probe: "unavailable", reason: `process ${pane.found.pid} cannot be seen` } : again;
    },
    async paste(paneId, text) {
      checkedPaneId(paneId);
      const plain = plainText(text);
      if (plain === "") return;
      const buffer = `anode-${randomBytes(16).toString("hex")}`;
      // A command list: what follows the first command is not run when that fails.
      const args = ["load-buffer", "-b", buffer, "-", ";", "paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", paneId];
      const answer = await run(args, plain);
      if (answer.ok) return;
      await run(["delete-buffer", "-b", buffer]);
      throw refusal(paneId, answer);
    },
    async submit(paneId) {
      const answer = await run(["send-keys", "-t", checkedPaneId(paneId), "Enter"]);
      if (!answer.ok) throw refusal(paneId, answer);
    },
    create: (pane) => createPane(run, pane),
    async kill(paneId) {
      const answer = await run(["kill-pane", "-t", checkedPaneId(paneId)]);
      if (!answer.ok) throw refusal(paneId, answer);
    },
  };
}

async function createPane(run: ReturnType<typeof createRunTmux>, { session, cwd, argv }: NewPane): Promise<Pane> {
  // As tmux itself would write it: the two have a meaning in targets.
  const name = session.replaceAll(/[.:]/g, "_");
  const exists = await run(["has-session", "-t", `=${name}`]);
  const start = exists.ok ? ["new-window", "-d", "-t", `=${name}:`] : ["new-session", "-d", "-s", literal(name)];
  // Several words are executed as they are; a single one would go through a shell.
  const words = argv.length === 1 ? ["/usr/bin/env", ...argv] : argv;
  const answer = await run([...start, "-c", literal(cwd), "-P", "-F", "#{pane_id}", "--", ...words]);
  if (!answer.ok) {
    throw answer.why === "refused" ? new AnodeError("injection_failed", `tmux made no pane: ${answer.text}.`) : unavailable(answer.text);
  }
  const { panes } = await listPanes(run);
  const made = panes?.find(({ pane_id }) => pane_id === answer.output.trim());
  if (made) return shown(made);
  throw new AnodeError("injection_failed", "The new pane ended at once.");
}

/** A text in which tmux finds no format of its own. */
function literal(text: string): string {
  return text.replaceAll("#", "##");
}

function refusal(paneId: string, answer: TmuxAnswer & { readonly ok: false }): AnodeError {
  if (answer.why === "no_server" || /^can't find (pane|window|session)/.test(answer.text)) {
    return new AnodeError("pane_not_found", `There is no pane ${paneId}.`);
  }
  if (answer.why === "refused") return new AnodeError("injection_failed", `tmux refused: ${answer.text}.`);
  return unavailable(answer.text);
}

function shown({ dead: _dead, ...pane }: TmuxPane): Pane {
  return pane;
}
