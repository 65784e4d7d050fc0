import type { Commands } from "../../node/index.js";
import type { AgentConfig } from "../config-schema.js";
import type { FileRoom } from "../workspace/file-room.js";

/** What the tools of one run share. */
export interface ToolRoom {
  readonly run_id: string;
  readonly files: FileRoom;
  readonly config: AgentConfig;
  readonly commands: Commands;
  /** Our own environment; what of it a child gets is decided where it is started. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Bytes of a result that the model gets. */
  readonly outputBytes: number;
}
