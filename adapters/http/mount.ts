import { createPerform } from "../../lib/contract/perform.js";
import { operations } from "../../lib/contract/index.js";
import { type Attachments, createServices, type DaemonParts, type Limits, type Mesh, type RunManager } from "../../lib/index.js";
import type { Handle } from "./call.js";
import type { Authenticate } from "./gate/caller.js";
import { createContractHandler } from "./handler.js";
import type { PublicFiles } from "./public-files.js";
import type { Sockets } from "./sockets.js";

/** What mounts the contract of a manager over HTTP. */
export interface MountOptions {
  readonly manager: RunManager;
  /** `Host` values, with port, that TCP-like doors answer to, beside the door's own. */
  readonly hosts: readonly string[];
  /** Foreign origins whose pages may call, as `https://app.example`. @defaultValue none */
  readonly origins?: readonly string[];
  /** Who calls. Without it, or on `undefined`, TCP-like doors answer 401; a Unix socket and memory are the owner's. */
  readonly authenticate?: Authenticate;
  /** Laid over the manager's limits. */
  readonly limits?: Partial<Limits>;
  /** Tokens, status and rotation, where a daemon has them. */
  readonly daemon?: DaemonParts;
  /** Where attachments are served. */
  readonly attachments?: Attachments;
  /** Peers and their messages. */
  readonly mesh?: Mesh;
  /** The sockets of peers: `createMeshSockets` makes them. @defaultValue none are served */
  readonly sockets?: Sockets;
  /** The pages of the dashboard: `dashboardFiles` reads them. @defaultValue none are served */
  readonly files?: PublicFiles;
}

/** The HTTP contract of a manager as one function, the gate in front of every operation. */
export function createHandler(options: MountOptions): Handle {
  const { manager, hosts, origins, authenticate, limits, daemon, mesh, attachments, sockets, files } = options;
  return createContractHandler({
    perform: createPerform(createServices(manager, { daemon, mesh, attachments }), manager.idempotency),
    operations,
    hosts,
    limits: { ...manager.limits, ...limits },
    host: manager.host,
    redact: manager.redact,
    ...(origins && { origins }),
    ...(authenticate && { authenticate }),
    ...(sockets && { sockets }),
    ...(files && { files }),
  });
}
