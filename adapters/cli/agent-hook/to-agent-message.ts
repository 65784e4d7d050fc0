import type { MessageFrame } from "../../../lib/index.js";
import type { AgentMessage } from "../../../lib/messages/agent-text.js";

/** A frame of a peer's socket as the message that its agent is told. */
export function toAgentMessage(
  { type, from_peer, replay: _replay, ...frame }: MessageFrame & { replay?: true },
  own: string,
): AgentMessage {
  const {
    from_peer_id: _from,
    to_peer_id: _to,
    to_peer,
    text = "",
    ...rest
  } = frame as typeof frame & {
    readonly from_peer_id?: string;
    readonly to_peer_id?: string;
    readonly to_peer?: string;
    readonly text?: string;
  };
  return { ...rest, kind: type, from_name: from_peer, to_name: to_peer ?? own, text };
}
