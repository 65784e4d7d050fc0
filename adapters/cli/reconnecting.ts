import type { ResumeOptions } from "../client/index.js";
import type { Output } from "./output.js";

/** A daemon that is silent for so long is gone. */
const giveUpMs = 60_000;

/** How commands follow a stream: they tell of a connection that was lost, once, and give up in the end. */
export function reconnecting(output: Output): Pick<ResumeOptions, "giveUpMs" | "onReconnect"> {
  return {
    giveUpMs,
    onReconnect({ attempt }) {
      if (attempt === 1) output.note("the connection was lost, connecting again");
    },
  };
}
