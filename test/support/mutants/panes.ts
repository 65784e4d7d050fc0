import { AnodeError } from "../../../lib/errors.js";
import type { MemoryPanes } from "../../../lib/panes/memory-panes.js";
import type { PaneBackend, Probe } from "../../../lib/panes/pane-backend.js";

/** Panes that are wrong in one point, each around right ones, with the clause that must say so. */
export const wrongPanes: Readonly<Record<string, readonly [clause: string, defect: (panes: MemoryPanes) => Partial<PaneBackend>]>> = {
  "lists nothing": ["panes.look", () => ({ list: async () => ({ probe: "ok", found: [] }) })],
  "cannot tell that a pane is not there": [
    "panes.absent",
    (panes) => ({ get: async (id) => doubting(await panes.get(id)), tree: async (id) => doubting(await panes.tree(id)) }),
  ],
  "says that a pane is not there when it cannot know": [
    "panes.unavailable",
    (panes) => ({ get: async (id) => certain(await panes.get(id)) }),
  ],
  "lists nothing when it cannot know": [
    "panes.unavailable",
    (panes) => ({
      list: async () => {
        const found = await panes.list();
        return found.probe === "unavailable" ? { probe: "ok", found: [] } : found;
      },
    }),
  ],
  "takes any text for a pane id": [
    "panes.id",
    (panes) => ({ paste: async (id, text) => panes.paste(id.replaceAll(/\D/g, "").replace(/^/, "%"), text) }),
  ],
  "forgets who is below the first process": [
    "panes.tree",
    (panes) => ({ tree: async (id) => changed(await panes.tree(id), (found) => found.slice(0, 1)) }),
  ],
  "tells another start at each look": [
    "panes.tree",
    (panes) => {
      let looks = 0;
      return {
        tree: async (id) => changed(await panes.tree(id), (all) => all.map((one) => ({ ...one, started: one.started + (looks += 1) }))),
      };
    },
  ],
  "gives the terminal to nobody": [
    "panes.tree",
    (panes) => ({ tree: async (id) => changed(await panes.tree(id), (all) => all.map((one) => ({ ...one, foreground: false }))) }),
  ],
  "pastes line by line": [
    "panes.paste",
    (panes) => ({
      async paste(id, text) {
        for (const line of text.split("\n")) await panes.paste(id, line);
      },
    }),
  ],
  "presses Enter after each paste": [
    "panes.paste",
    (panes) => ({
      async paste(id, text) {
        await panes.paste(id, text);
        await panes.submit(id);
      },
    }),
  ],
  "lets a carriage return through": [
    "panes.safe",
    (panes) => ({
      async paste(id, text) {
        for (const [index, part] of text.split("\r").entries()) {
          if (index > 0) await panes.submit(id);
          await panes.paste(id, part);
        }
      },
    }),
  ],
  "loses the end of a large text": ["panes.large", (panes) => ({ paste: (id, text) => panes.paste(id, text.slice(0, 4_096)) })],
  "presses Enter twice": [
    "panes.submit",
    (panes) => ({
      async submit(id) {
        await panes.submit(id);
        await panes.submit(id);
      },
    }),
  ],
  "never presses Enter": ["panes.submit", () => ({ submit: async () => {} })],
  "mixes pastes that come at once": [
    "panes.apart",
    (panes) => {
      let buffer = "";
      return {
        async paste(id, text) {
          buffer = text;
          await Promise.resolve();
          await panes.paste(id, buffer);
        },
      };
    },
  ],
  "does not see a mode": [
    "panes.mode",
    (panes) => ({ get: async (id) => changed(await panes.get(id), (pane) => ({ ...pane, in_mode: false })) }),
  ],
  "says nothing when a paste found no pane": [
    "panes.absent",
    (panes) => ({ paste: (id, text) => panes.paste(id, text).catch(unlessGone) }),
  ],
  "ends another pane": ["panes.kill", (panes) => ({ kill: async () => panes.kill?.("%1") })],
};

function doubting<Found>(found: Probe<Found>): Probe<Found> {
  return found.probe === "fail" ? { probe: "unavailable", reason: "no idea" } : found;
}

function certain<Found>(found: Probe<Found>): Probe<Found> {
  return found.probe === "unavailable" ? { probe: "fail" } : found;
}

function changed<Found extends object>(probe: Probe<Found>, change: (found: Found) => Found): Probe<Found> {
  return probe.probe === "ok" ? { probe: "ok", found: change(probe.found) } : probe;
}

function unlessGone(error: unknown): void {
  if (!(error instanceof AnodeError) || error.code !== "pane_not_found") throw error;
}
