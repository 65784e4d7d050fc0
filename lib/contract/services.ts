import type { Attachments } from "../attachments/attachments.js";
import type { RunManager } from "../runs/manager.js";
import type { Services } from "./operation.js";
import { createAttachmentServices } from "./services/attachments.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createRunServices } from "./services/runs.js";

/** What serves the contract beside the manager; an operation whose part is not there is `not_supported`. */
export interface ServiceParts {
  readonly attachments?: Attachments | undefined;
}

/** Everything that serves the contract over one manager; `daemon` adds what only a daemon has. */
export function createServices(manager: RunManager, daemon?: DaemonParts, { attachments }: ServiceParts = {}): Services {
  return {
    ...createRunServices(manager),
    ...createDaemonServices(manager, daemon),
    ...(attachments && createAttachmentServices(attachments)),
  };
}
