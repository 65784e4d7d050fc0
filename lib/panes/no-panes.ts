import { AnodeError } from "../errors.js";
import type { PaneBackend } from "./pane-backend.js";

/** What stands for panes where there are none: every look is `unavailable`, and nothing can be done. */
export function createNoPanes(reason = "there is no terminal multiplexer"): PaneBackend {
  const look = async () => ({ probe: "unavailable", reason }) as const;
  const refuse = async (): Promise<never> => {
    throw new AnodeError("pane_backend_unavailable", `Panes cannot be reached: ${reason}.`);
  };
  return { kind: "none", supports: {}, list: look, get: look, tree: look, paste: refuse, submit: refuse };
}
