import type { Attachments } from "../attachments/attachments.js";
import { createHolding } from "../holding.js";
import { feedRulesOf } from "../mesh/feed-rules.js";
import type { ComposedMesh } from "../mesh/composed-mesh.js";
import { composedOf, type Mesh } from "../mesh/mesh.js";
import { ownPeer } from "../peers/sender.js";
import type { RunManager } from "../runs/manager.js";
import type { Handler, Services } from "./operation.js";
import { createAskServices } from "./services/asks.js";
import { createAttachmentServices } from "./services/attachments.js";
import { createDaemonServices, type DaemonParts } from "./services/daemon.js";
import { createEventServices } from "./services/events.js";
import { createMessageServices } from "./services/messages.js";
import { createPaneServices } from "./services/panes.js";
import { createPeerServices } from "./services/peers.js";
import { createQuestionServices, questionPorts } from "./services/questions.js";
import { createRunServices } from "./services/runs.js";

/** What serves the contract beside the runs of a manager. */
export interface ServiceParts {
  /** What only a daemon has. */
  readonly daemon?: DaemonParts | undefined;
  /** Peers and their messages; without it their operations are `not_supported`. */
  readonly mesh?: Mesh | undefined;
  /** Without it their operations are `not_supported`. */
  readonly attachments?: Attachments | undefined;
}

/** Everything that serves the contract over one manager. */
export function createServices(manager: RunManager, { daemon, attachments, ...parts }: ServiceParts = {}): Services {
  const mesh = parts.mesh && composedOf(parts.mesh);
  const holding = mesh ? mesh.holding : createHolding(manager.limits.meshWaits);
  const questions = createQuestionServices(manager, holding, mesh && questionPorts(mesh));
  return {
    ...createRunServices(manager),
    ...createEventServices(manager, mesh && feedRulesOf(mesh.peers)),
    ...(attachments && createAttachmentServices(attachments)),
    ...(mesh
      ? heard(mesh, { ...questions, ...createPeerServices(mesh), ...createAskServices(mesh), ...createMessageServices(mesh) })
      : questions),
    // A doctor repairs nothing and takes note of nobody.
    ...(mesh?.panes && createPaneServices(mesh, mesh.panes)),
    ...createDaemonServices(manager, daemon, mesh),
  };
}

/** A peer that calls is there; and before it is told of others, they are looked at. */
function heard(mesh: ComposedMesh, services: Services): Services {
  const handlers = Object.entries(services).map(([name, handler]): [string, Handler] => [
    name,
    async (input, context) => {
      const own = ownPeer(mesh.peers, context.caller);
      if (own) mesh.peers.touch(own.peer_id);
      await mesh.refresh();
      return handler(input, context);
    },
  ]);
  return Object.fromEntries(handlers);
}
