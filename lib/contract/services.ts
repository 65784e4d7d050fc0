import type { Mesh } from "../mesh/mesh.js";
import type { RunManager } from "../runs/manager.js";
import type { Services } from "./operation.js";
import { createAskServices } from "./services/asks.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createMessageServices } from "./services/messages.js";
import { createPeerServices } from "./services/peers.js";
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
  return {
    ...createRunServices(manager),
    ...(mesh && { ...createPeerServices(mesh), ...createAskServices(mesh), ...createMessageServices(mesh) }),
    ...createDaemonServices(manager, daemon),
  };
}
