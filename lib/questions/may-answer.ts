import { type Caller, hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { Question } from "./schema.js";

/**
 * Who may answer which question: nobody his own, an approval only who approves, one on an ask only whom it was put to.
 * @param isWithin - whether a run is another one or below it
 * @throws `self_approval`, `scope_required`, `not_the_recipient`
 */
export async function assertMayAnswer(
  question: Question,
  caller: Caller,
  isWithin: (run_id: string, ancestor: string) => Promise<boolean>,
): Promise<void> {
  const { scope, recipient, run_id, peer_id, from_peer_id } = question;
  const isOfRun = caller.run_id !== undefined && run_id !== undefined && (await isWithin(caller.run_id, run_id));
  // Whoever asks itself is its own recipient.
  const isOfPeer = caller.peer_id !== undefined && scope !== "mesh_ask" && [peer_id, from_peer_id].includes(caller.peer_id);
  if (caller.inside_run || isOfRun || isOfPeer) {
    throw new AnodeError("self_approval", "Nobody answers its own questions, and a run none of a run above it.");
  }
  if (scope === "tool_permission" && !hasScope(caller, "approve")) {
    throw new AnodeError("scope_required", "An approval needs the scope approve.", { details: { scope: "approve" } });
  }
  const isBound = caller.run_id !== undefined || caller.peer_id !== undefined;
  if (scope === "mesh_ask" && recipient !== undefined && isBound && caller.peer_id !== recipient) {
    throw new AnodeError("not_the_recipient", "The question was put to another peer.");
  }
}
