import { misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { followRun } from "../follow-run.js";
import { untilInterrupted } from "../interrupt.js";
import { withClient } from "../open-client.js";

/** `anode attach`: replays a run and follows it; the exit code is the run's. Ctrl-C leaves the run alone. */
export const run: Command = async (line, context) => {
  const [id = ""] = [...line.words, ...line.rest];
  const asJson = line.has("stream-json");
  if (line.has("previews") && !asJson) throw misuse("--previews needs --stream-json.");
  return untilInterrupted((signal) =>
    withClient(line, context, (client) =>
      followRun(client, id, context, { asJson, previews: line.has("previews"), after: line.number("after"), signal }),
    ),
  );
};
