import type { RunManager } from "../runs/manager.js";
import type { Services } from "./operation.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createHolding } from "./services/holding.js";
import { createQuestionServices } from "./services/questions.js";
import { createRunServices } from "./services/runs.js";

/** Everything that serves the contract over one manager; `daemon` adds what only a daemon has. */
export function createServices(manager: RunManager, daemon?: DaemonParts): Services {
  const meshHolding = createHolding(manager.limits.meshWaits);
  return { ...createRunServices(manager), ...createQuestionServices(manager, meshHolding), ...createDaemonServices(manager, daemon) };
}
