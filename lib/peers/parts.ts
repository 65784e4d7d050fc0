import type { Journal } from "../events/journal.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Store } from "../store/store.js";
import type { PeerProbes } from "./evidence.js";
import type { PeerRecord, PeerRegistration } from "./schema.js";

/** What the parts of the mesh are made of. */
export interface MeshParts {
  readonly journal: Journal;
  readonly store: Store;
  readonly host: Host;
  readonly limits: Limits;
}

/** What the registry asks of others; without a port its question has no answer, and nothing is proven. */
export interface PeerPorts {
  /** Name of this host; what touches panes and processes must be here. */
  readonly machine: string;
  /** Evidence at this moment that does not need a probe: an open socket, an in-process function, a run that is not over. */
  evidence(peer: PeerRecord): boolean;
  /** @throws `run_takes_no_input`, `unknown_agent` for what a registration refers to and is not there */
  check?(registration: PeerRegistration): Promise<void>;
  /** What the host can look at. @defaultValue nothing */
  readonly probes?: PeerProbes;
  /** Makes the token that is this peer; nothing for one that has some already. */
  token?(peer: PeerRecord): Promise<string | undefined>;
}
