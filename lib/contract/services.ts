import type { RunManager } from "../runs/manager.js";
import type { Services } from "./operation.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createEventServices } from "./services/events.js";
import { createRunServices } from "./services/runs.js";

/** Everything that serves the contract over one manager; `daemon` adds what only a daemon has. */
export function createServices(manager: RunManager, daemon?: DaemonParts): Services {
  return { ...createRunServices(manager), ...createEventServices(manager), ...createDaemonServices(manager, daemon) };
}
