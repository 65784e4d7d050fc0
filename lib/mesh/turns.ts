import type { Asks } from "../asks/asks.js";
import type { Ending } from "../asks/ending.js";
import type { Journal } from "../events/journal.js";
import { parseHeader } from "../messages/agent-header.js";
import type { PeerRecord } from "../peers/schema.js";

/** What a runtime reports of one turn. */
export interface TurnReport {
  readonly turn_id: string;
  readonly event: "started" | "ended";
  /** First line of the prompt. */
  readonly first_line?: string;
  readonly final_message?: string;
  readonly stop_reason?: string;
}

/**
 * Takes note of a turn. One that began with the very header of an open ask answers that ask with its last words, if the
 * ask is to be answered so; text that merely quotes an id binds nothing, and an explicit reply comes first.
 */
export function noteTurn(asks: Asks, journal: Journal, { peer_id }: PeerRecord, turn: TurnReport): void {
  const { final_message, ...short } = turn;
  journal.append({ feed: [{ type: "peer.turn", payload: { peer_id, ...short }, peer_id }] });
  if (turn.event === "started") bind(asks, peer_id, turn);
  else void replyWith(asks, peer_id, turn.turn_id, final_message);
}

function bind(asks: Asks, peer_id: string, { turn_id, first_line = "" }: TurnReport): void {
  const header = parseHeader(first_line);
  if (header?.type !== "ask") return;
  const ask = asks.openTo(peer_id).find(({ correlation_id }) => correlation_id === header.correlation_id);
  // What is like a header only in part was written by somebody else.
  const isExact = ask?.from_name === header.from && ask.to_name === header.to;
  if (ask?.reply_from_turn && isExact) asks.bindTurn(ask.correlation_id, turn_id);
}

async function replyWith(asks: Asks, peer_id: string, turn_id: string, final_message: string | undefined): Promise<void> {
  for (const { correlation_id } of asks.openTo(peer_id).filter((ask) => ask.turn_id === turn_id)) {
    await closeFromTurn(asks, correlation_id, final_message);
  }
}

/** Closes an ask with what its turn, or the task of its input, ended with; somebody may have been faster. */
export async function closeFromTurn(asks: Asks, correlation_id: string, result: string | undefined): Promise<void> {
  const hasText = result !== undefined && result.trim() !== "";
  const reply: Ending = hasText ? { close_reason: "ack_with_msg", reply_text: result } : { close_reason: "ack" };
  await asks.close(correlation_id, { ...reply, replied_by: "turn" }).catch(() => {});
}
