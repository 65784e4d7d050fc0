import { holdSocket } from "../agent-hook/hold-socket.js";
import { asOwnPeer, type OwnPeer } from "../agent-hook/own-peer.js";
import { type Hook, hookCommand, turnIdOf } from "../agent-hook/run-hook.js";
import { lastMessageIn } from "../agent-hook/transcript-tail.js";
import { waitingText } from "../agent-hook/waiting-text.js";

const mostMessages = 50;
const mostAsks = 10;
const messageCharacters = 65_536;

/**
 * `anode hook stop`: a turn has ended. What waits for the agent goes on as the reason of one more step, once for each turn; else the
 * agent is idle from now on.
 */
export const run = hookCommand(async (hook) => {
  const { place, context, told } = hook;
  if (place.file) await holdSocket(place.file, context);
  // After a failure of the model nobody would read what is said here.
  const mayGoOn = !told.is("stop_hook_active") && told.text("hook_event_name") !== "StopFailure";
  await asOwnPeer(hook, async (own) => {
    const { client, peer_id } = own;
    await client.session.update({ peer_id, turn: endedTurn(hook) });
    const waiting = mayGoOn ? await fetchWaiting(own) : undefined;
    if (waiting) await client.session.update({ peer_id, status: "busy", turn_state: "working" });
    else await client.session.update({ peer_id, status: "online", turn_state: "idle" });
    if (!waiting) return;
    hook.answer(hook.runtime.goOn(waiting.text));
    await context.output.flush();
    // Only now: what was not printed waits on, and what was printed and is not confirmed comes again under its id.
    if (waiting.claim_id !== undefined) {
      await client.messages.confirm({ claim_id: waiting.claim_id, delivery_ids: waiting.delivery_ids });
    }
  });
});

interface Waiting {
  readonly text: string;
  readonly claim_id?: string;
  readonly delivery_ids: string[];
}

/** What waits for the agent, as it is told; nothing when nothing does. */
async function fetchWaiting({ client, peer_id }: OwnPeer): Promise<Waiting | undefined> {
  const [{ claim_id, messages }, { asks }] = await Promise.all([
    client.messages.claim({ peer_id, limit: mostMessages }),
    client.asks.pending({ peer_id, direction: "inbound", limit: mostAsks }),
  ]);
  const { text, delivery_ids } = waitingText(messages, asks);
  if (text === "") return undefined;
  return { text, delivery_ids, ...(claim_id !== undefined && { claim_id }) };
}

function endedTurn(hook: Hook) {
  const { told } = hook;
  // Gemini CLI says pieces of a message twice where the model streamed it; its transcript has it as it was.
  const said =
    told.text("last_assistant_message", messageCharacters) ??
    lastMessageIn(told.text("transcript_path", 4096))?.slice(0, messageCharacters) ??
    told.text("prompt_response", messageCharacters);
  return {
    turn_id: turnIdOf(hook),
    event: "ended",
    ...(said !== undefined && { final_message: said.replaceAll("\u0000", "\uFFFD") }),
    ...(told.text("hook_event_name") === "StopFailure" && { stop_reason: "error" }),
  } as const;
}
