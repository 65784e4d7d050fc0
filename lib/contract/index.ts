import type { Operation } from "./operation.js";
import { askRows } from "./rows/asks.js";
import { attachmentRows } from "./rows/attachments.js";
import { daemonRows } from "./rows/daemon.js";
import { eventRows } from "./rows/events.js";
import { messageRows } from "./rows/messages.js";
import { paneRows } from "./rows/panes.js";
import { peerRows } from "./rows/peers.js";
import { questionRows } from "./rows/questions.js";
import { runRows } from "./rows/runs.js";

/** The contract: every operation there is. Plain data, without schemas, so that a client may load it alone. */
export const operations: readonly Operation[] = [
  ...runRows,
  ...questionRows,
  ...peerRows,
  ...askRows,
  ...messageRows,
  ...attachmentRows,
  ...paneRows,
  ...eventRows,
  ...daemonRows,
];
