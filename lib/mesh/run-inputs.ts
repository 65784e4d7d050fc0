import type { Asks } from "../asks/asks.js";
import { joinSteps } from "../events/join-steps.js";
import type { Journal } from "../events/journal.js";
import { agentText } from "../messages/agent-text.js";
import type { Mail } from "../messages/mail.js";
import type { InputNews, RunChannelPorts } from "../messages/run-channel.js";
import type { DeliveryState, Message } from "../messages/schema.js";
import type { StageDraft, Traces } from "../traces/traces.js";
import { closeFromTurn } from "./turns.js";

interface Parts {
  readonly journal: Journal;
  readonly mail: Mail;
  readonly traces: Traces;
  asks(): Asks;
}

/** What becomes of messages that are inputs of runs: one input is one task, and the end of an ask's task is its reply. */
export function runInputs({ journal, mail, traces, asks }: Parts): RunChannelPorts {
  function move({ delivery_id, trace_id }: Message, state: DeliveryState, stage: StageDraft, reason?: string): void {
    const now = mail.current(delivery_id);
    // A message whose ask was closed meanwhile is over already: what is heard of it stands in its trace alone.
    const step = now ? mail.change(now, state, reason === undefined ? {} : { reason }) : {};
    journal.append(joinSteps(step, traces.stages(trace_id, stage)));
  }

  function tell(message: Message, news: InputNews): void {
    switch (news.type) {
      case "delivered":
        return move(message, "delivered", { stage: "run_delivered" });
      case "completed":
        traces.note(message.trace_id, { stage: "run_completed" });
        return void completed(message, news.result);
      case "dropped": {
        const { reason } = news;
        return move(message, "failed", { stage: "run_dropped", status: "fail", detail: { reason } }, reason);
      }
      case "withdrawn":
        return move(message, "canceled", { stage: "run_withdrawn", status: "fail" });
    }
  }

  async function completed({ correlation_id }: Message, result: string | undefined): Promise<void> {
    if (correlation_id === undefined || !asks().isOpen(correlation_id)) return;
    const { reply_from_turn } = await asks().get(correlation_id);
    if (reply_from_turn) await closeFromTurn(asks(), correlation_id, result);
  }

  return {
    text: (message) => agentText(message),
    accepted(delivery_id, run_id, input_id) {
      const message = mail.current(delivery_id);
      if (message) traces.note(message.trace_id, { stage: "run_accepted", detail: { run_id, input_id } });
    },
    news: (delivery_id, news) => void mail.get(delivery_id).then((message) => tell(message, news)),
  };
}
