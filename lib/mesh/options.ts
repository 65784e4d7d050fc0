import type { Caller } from "../caller.js";
import type { AttachedFile } from "../messages/schema.js";
import type { PeerProbes } from "../peers/evidence.js";
import type { PeerRecord } from "../peers/schema.js";
import type { RunManager } from "../runs/manager.js";
import type { MeshPanes } from "./mesh-panes.js";

/** What a mesh is made of. */
export interface MeshOptions {
  readonly manager: RunManager;
  /** The panes of this host; without them what needs one is `not_supported`. */
  readonly panes?: MeshPanes;
  /** What the host can look at: processes and panes. @defaultValue what `panes` show, or nothing */
  readonly probes?: PeerProbes;
  /** Name of this host. @defaultValue "localhost" */
  readonly machine?: string;
  /** Makes the token that is a peer; nothing for one that has some already, as a run has. Without it peers have none, and only owners act for them. */
  readonly peerToken?: (peer: PeerRecord) => Promise<string | undefined>;
  /** A peer is gone for good, or was reaped and may come back: what its token is worth from now on. */
  readonly peerRetired?: (peer: PeerRecord, reason: string) => void;
  /** Whether there is a foreign agent of this name. @defaultValue there is none */
  readonly knowsAgent?: (name: string) => boolean | Promise<boolean>;
  /** The real path of a folder, its links followed. @defaultValue the path as it is given */
  readonly realPath?: (path: string) => Promise<string>;
  /** What the caller's attachments are. Without it there are none. @throws `attachment_not_found` */
  readonly attached?: (ids: readonly string[], caller: Caller) => Promise<AttachedFile[]>;
}
