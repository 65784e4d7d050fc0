import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "vitest";
import { paneBackendSuite } from "../../../lib/testing/pane-backend-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";
import { hasTmux, recorded, recorder, startTmux, until } from "../../support/tmux.js";

describe.skipIf(!hasTmux)("createTmuxPanes (needs tmux)", () => {
  runSuite(it, paneBackendSuite, {
    supports: { create: true, kill: true },
    async make() {
      const server = startTmux();
      const files = new Map<string, string>();
      const open = async (session: string) => {
        const file = join(server.folder, `${session}.bytes`);
        const pane_id = server.open(session, recorder(file));
        files.set(pane_id, file);
        await until(() => server.tmux("capture-pane", "-p", "-t", pane_id).includes("ready"));
        const pid = Number(server.tmux("display-message", "-p", "-t", pane_id, "#{pane_pid}"));
        let below: number[] = [];
        await until(() => (below = childrenOf(pid)).length > 0);
        return { pane_id, pid, cwd: server.folder, session, below };
      };
      return {
        backend: server.panes(),
        panes: [await open("one"), await open("two")],
        input: (paneId, end) => recorded(files.get(paneId) ?? "", end),
        enterMode: async (paneId) => void server.tmux("copy-mode", "-t", paneId),
        async end(paneId) {
          server.tmux("kill-pane", "-t", paneId);
        },
        unreachable: () => server.panes(join(server.folder, "no-such-tmux")),
        dispose: async () => server.close(),
      };
    },
  });
});

function childrenOf(pid: number): number[] {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/)
      .map(Number);
  } catch {
    return [];
  }
}
