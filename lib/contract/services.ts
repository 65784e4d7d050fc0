import type { Mesh } from "../mesh/mesh.js";
import type { RunManager } from "../runs/manager.js";
import type { Services } from "./operation.js";
import { createAskServices } from "./services/asks.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createHolding } from "./services/holding.js";
import { createEventServices } from "./services/events.js";
import { createMessageServices } from "./services/messages.js";
import { createPeerServices } from "./services/peers.js";
import { createQuestionServices, questionPorts } from "./services/questions.js";
import { createRunServices } from "./services/runs.js";

/** What serves the contract beside the runs of a manager. */
export interface ServiceParts {
  /** What only a daemon has. */
  readonly daemon?: DaemonParts | undefined;
  /** Peers and their messages; without it their operations are `not_supported`. */
  readonly mesh?: Mesh | undefined;
}

/** Everything that serves the contract over one manager. */
export function createServices(manager: RunManager, { daemon, mesh }: ServiceParts = {}): Services {
  const holding = mesh ? mesh.holding.bind(mesh) : createHolding(manager.limits.meshWaits);
  return {
    ...createRunServices(manager),
    ...createQuestionServices(manager, holding, mesh && questionPorts(mesh)),
    ...createEventServices(manager),
    ...(mesh && { ...createPeerServices(mesh), ...createAskServices(mesh), ...createMessageServices(mesh) }),
    ...createDaemonServices(manager, daemon),
  };
}
