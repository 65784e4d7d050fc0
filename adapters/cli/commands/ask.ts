import type { OperationOutput } from "../../../lib/contract/schemas.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import { type CommandLine, misuse } from "../command-line.js";
import type { Command, Context } from "../context.js";
import { untilInterrupted } from "../interrupt.js";
import { attachedFiles } from "../local-file.js";
import { firstWord } from "../mesh-client.js";
import { given, messageText } from "../mesh-text.js";
import { withClient } from "../open-client.js";

const ended: ReadonlySet<string> = new Set(["declined", "canceled", "send_failed", "evicted", "expired", "reply_to"]);

/** `anode ask`: asks a peer; with `--wait` the reply is printed, and an ask that ends without one is exit 1. Ctrl-C leaves it open. */
export const run: Command = async (line, context) => {
  if (line.number("timeout-ms") !== undefined && !line.has("wait")) throw misuse("--timeout-ms needs --wait.");
  const text = await messageText(line, context, 1);
  return untilInterrupted((signal) =>
    withClient(line, context, async (client) => {
      const asking = client.asks.ask({
        to_peer: firstWord(line),
        text,
        ...given(line, { from: "from_peer", circle: "circle", "reply-to": "reply_to" }),
        ...(await attachedFiles(client, line, context)),
        ...(line.has("queue") && { if_unavailable: "queue" as const }),
      });
      const asked = await asking.catch((error: unknown) => {
        throw inFlags(error);
      });
      if (!line.has("wait")) return told(asked, line, context);
      context.output.note(`${asked.correlation_id} is ${asked.delivery_state}; waiting for the reply`);
      const limitMs = line.number("timeout-ms") ?? Number.POSITIVE_INFINITY;
      // One look at least, however short the time.
      const reply = await client.asks
        .wait({ id: asked.correlation_id, timeout_ms: Math.max(1, limitMs) }, { signal })
        .catch((error: unknown) => {
          if (signal.aborted) context.output.note(`${asked.correlation_id} stays open; \`anode inbox\` shows the reply when it comes`);
          throw error;
        });
      return replied(reply, limitMs, line, context);
    }),
  );
};

/** What would let the ask wait, as it is typed here. */
function inFlags(error: unknown): unknown {
  if (!isAnodeError(error) || error.code !== "no_live_transport") return error;
  return new AnodeError(error.code, error.message, { cause: error, details: { ...error.details, hint: "--queue lets it wait." } });
}

function told(asked: OperationOutput<"asks.ask">, line: CommandLine, { output }: Context): number {
  if (line.has("json")) output.json(asked);
  else {
    output.data(`${asked.correlation_id}\n`);
    if (asked.delivery_state === "queued") output.note("it waits until the peer is idle, or fetches it");
  }
  return 0;
}

function replied(reply: OperationOutput<"asks.wait">, limitMs: number, line: CommandLine, { output }: Context): number {
  const { correlation_id, status, close_reason = "", reply_text, option_id, text, message } = reply;
  if (status === "pending") {
    throw new AnodeError("timeout", `${correlation_id} has no reply within ${limitMs} ms; it stays open.`, {
      details: { hint: "`anode inbox` shows the reply when it comes." },
    });
  }
  const said = [reply_text, option_id, text, message].filter((part) => part !== undefined);
  if (line.has("json")) output.json(reply);
  else if (said.length > 0) output.data(`${said.join("\n")}\n`);
  if (said.length === 0 || ended.has(close_reason)) output.note(`${correlation_id} is closed: ${close_reason}`);
  return ended.has(close_reason) ? 1 : 0;
}
