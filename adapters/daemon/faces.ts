import { type Attachments, formatTime, type Limits, type Mesh } from "../../lib/index.js";
import { type Address, formatAddress } from "../../lib/address.js";
import type { ContainmentReport } from "../../lib/node/index.js";
import { createHandler, createMeshSockets, createPeerSocketRule, dashboardFiles, type PeerSocketRule } from "../http/index.js";
import type { PlannedAddress } from "./addresses.js";
import { createAuthentication } from "./authenticate.js";
import type { DaemonConfig } from "./config-schema.js";
import { dashboardUrl } from "./dashboard-url.js";
import type { Ground } from "./ground.js";
import type { Kernel } from "./kernel.js";
import { type Listeners, openListeners } from "./listeners.js";
import { createProcessStatus } from "./status.js";
import type { Undo } from "./undo.js";

/** What the faces are made of. */
export interface FacesOptions {
  readonly ground: Ground;
  readonly kernel: Kernel;
  readonly attachments: Attachments;
  readonly mesh: Mesh;
  readonly daemon: DaemonConfig;
  readonly plan: readonly PlannedAddress[];
  readonly limits: Limits;
  /** `mesh.ws_first_frame_auth` */
  readonly firstFrameAuth: boolean;
  /** Folder of the dashboard's built files. */
  readonly dashboard: string | undefined;
}

/**
 * Serves the contract over HTTP on all planned addresses.
 * @throws {@link StartRefused} 75 for a taken address, 78 for one that cannot be had
 */
export async function openFaces(options: FacesOptions, undo: Undo): Promise<Listeners> {
  const { ground, kernel, attachments, mesh, daemon, plan, limits, firstFrameAuth, dashboard } = options;
  const { host, instance, log, root, storeId, tokens } = ground;
  const { manager, containment } = kernel;
  let addresses: readonly Address[] = [];
  let known: ContainmentReport | undefined;
  // Each level is tried once, with real children.
  const findOut = async (): Promise<ContainmentReport> => (known = await containment.report());
  // It would delay the start, and nobody waits for it: when that is over, unless somebody asks before.
  const timer = setTimeout(() => {
    status.watch();
    findOut().catch((error: unknown) => host.log("error", "containment.unknown", { error: String(error) }));
  }, findOutAfterMs);
  undo.add(() => clearTimeout(timer));

  const status = createProcessStatus({
    instance,
    storeId,
    startedAt: formatTime(host.clock.now()),
    addresses: () => addresses.map(formatAddress),
    isRemote: plan.some((planned) => planned.isRemote),
    containment: async (extent) => known ?? (extent === "all" ? findOut() : undefined),
    logBytes: () => log.bytes,
  });
  undo.add(() => status.close());
  const authentication = createAuthentication({
    root,
    tokens,
    peerSocket: peerSocketRule(options),
    approveRequiresToken: daemon.approve_requires_token ?? false,
  });
  const sockets = createMeshSockets({ mesh, firstFrameAuth });
  const handle = createHandler({
    manager,
    attachments,
    mesh,
    sockets,
    hosts: [],
    origins: daemon.allowed_origins ?? [],
    authenticate: authentication.authenticate,
    limits,
    ...(dashboard !== undefined && { files: dashboardFiles(dashboard) }),
    daemon: {
      tokens,
      dashboardUrl: () => dashboardUrl(addresses),
      status: status.read,
      degraded: () => (known?.level === "group" ? ["containment_weak"] : []),
      rotate: async (graceMs) => rotate(ground, graceMs),
    },
  });
  const listeners = await openListeners({
    plan,
    handle: authentication.bound(handle),
    allowedHosts: daemon.allowed_hosts ?? [],
    limits,
    log: host.log,
  });
  undo.add(() => listeners.close(lingerMs));
  undo.add(() => sockets.close(lingerMs));
  addresses = listeners.addresses;
  return listeners;
}

const findOutAfterMs = 250;
/** Time for readers to take the last bytes of their streams. */
const lingerMs = 1_000;

function rotate({ root, redaction }: Ground, graceMs: number): void {
  root.rotate(graceMs);
  redaction.add({ token: root.secrets()[0] ?? "" });
}

/** Only Linux tells whose a connection is, and a configured token is required of everybody. */
function peerSocketRule({ ground, kernel }: FacesOptions): PeerSocketRule | undefined {
  const uid = process.getuid?.();
  if (process.platform !== "linux" || uid === undefined || ground.root.isConfigured) return undefined;
  return createPeerSocketRule({ uid, storeId: ground.storeId, isRunProcess: kernel.processes.has, clock: ground.host.clock });
}
