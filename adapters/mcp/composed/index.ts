import { answer, askUser, waitOnAck } from "./ask-tools.js";
import { attachmentTools } from "./attachment-tools.js";
import type { ComposedTool } from "./composed-tool.js";
import { createInboxTool } from "./inbox-tool.js";
import { messageGet } from "./message-tool.js";
import { listPeers, setDescription } from "./peer-tools.js";

/** The tools of one server that are more than one call of an operation, by name. */
export function createComposedTools(folder: string): Readonly<Record<string, ComposedTool>> {
  return {
    list_peers: listPeers,
    set_description: setDescription,
    wait_on_ack: waitOnAck,
    answer,
    ask_user: askUser,
    inbox: createInboxTool(),
    message_get: messageGet,
    ...attachmentTools(folder),
  };
}
