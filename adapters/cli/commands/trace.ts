import { setTimeout as sleep } from "node:timers/promises";
import type { TraceStage } from "../../../lib/traces/schema.js";
import type { Command } from "../context.js";
import { untilInterrupted } from "../interrupt.js";
import { firstWord } from "../mesh-client.js";
import { withClient } from "../open-client.js";
import { shorten } from "../table.js";

const lookMs = 500;
const detailColumns = 120;

/** `anode trace`: the stages of an ask or a message, a line each; with `--follow` until an ask is closed, or Ctrl-C. */
export const run: Command = (line, context) =>
  untilInterrupted((interrupted) =>
    withClient(line, context, async (client) => {
      const { output } = context;
      const signal = AbortSignal.any([interrupted, output.closed]);
      let shown = 0;
      for (;;) {
        const trace = await client.traces.get({ trace_id: firstWord(line) });
        if (line.has("json") && !line.has("follow")) return (output.json(trace), 0);
        for (const stage of trace.stages.filter(({ seq }) => seq > shown)) {
          if (line.has("json")) output.json(stage);
          else output.data(`${toLine(stage)}\n`);
          shown = stage.seq;
        }
        const isOver = trace.stages.some(({ stage }) => stage === "closed");
        if (!line.has("follow") || isOver || signal.aborted) return 0;
        await sleep(lookMs, undefined, { signal }).catch(() => {});
      }
    }),
  );

function toLine({ seq, stage, status, time, peer_id, from_peer_id, detail }: TraceStage): string {
  const told = [peer_id, from_peer_id && `from ${from_peer_id}`, detail && JSON.stringify(detail)].filter(Boolean).join(" ");
  return `${time}  ${seq}  ${status === "ok" ? stage : `${stage} (fail)`}  ${shorten(told, detailColumns)}`.trimEnd();
}
