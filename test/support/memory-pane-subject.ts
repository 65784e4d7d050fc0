import { createMemoryPanes, type MemoryPanes } from "../../lib/panes/memory-panes.js";
import type { PaneBackend } from "../../lib/panes/pane-backend.js";
import type { PaneBackendSubject } from "../../lib/testing/pane-backend-suite.js";

/** The in-memory panes as the suite wants them, with a defect when one is given. */
export function memoryPaneSubject(defect: (panes: MemoryPanes) => Partial<PaneBackend> = () => ({})): PaneBackendSubject {
  return {
    supports: { create: true, kill: true },
    async make() {
      const memory = createMemoryPanes();
      const add = (session: string) => {
        const pid = memory.add().pid + 1;
        const agent = { pid: pid + 1, ppid: pid, name: "agent", started: pid + 9, foreground: true };
        const pane = memory.add({ pid, session, processes: [{ ...agent, pid, ppid: 1, name: "sh", started: pid + 8 }, agent] });
        return { ...pane, below: [agent.pid] };
      };
      const defective = (panes: MemoryPanes): PaneBackend => ({ ...panes, ...defect(panes) });
      return {
        backend: defective(memory),
        panes: [add("one"), add("two")],
        input: async (paneId) => memory.inputOf(paneId),
        enterMode: async (paneId) => memory.change(paneId, { in_mode: true }),
        end: async (paneId) => memory.remove(paneId),
        unreachable() {
          const lost = createMemoryPanes();
          lost.breakDown("the server is away");
          return defective(lost);
        },
        dispose: async () => {},
      };
    },
  };
}
