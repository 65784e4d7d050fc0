import { AnodeError } from "../../../lib/errors.js";
import type { Command } from "../context.js";
import { exitOfRun, isEnded } from "../exit-code.js";
import { untilInterrupted } from "../interrupt.js";
import { withClient } from "../open-client.js";

/** `anode runs wait`: waits for the end of a run; the exit code is the run's. Ctrl-C leaves the run alone. */
export const run: Command = (line, context) =>
  untilInterrupted((signal) =>
    withClient(line, context, async (client) => {
      const [id = ""] = [...line.words, ...line.rest];
      const limitMs = line.number("timeout-ms") ?? Number.POSITIVE_INFINITY;
      const summary = await client.runs.wait({ id, timeout_ms: limitMs }, { signal });
      if (!isEnded(summary.status))
        throw new AnodeError("timeout", `${id} has not ended within ${limitMs} ms; it is ${String(summary.status)}.`);
      if (line.has("json")) context.output.json(summary);
      else context.output.data(`${summary.status}\n`);
      return exitOfRun(summary.status);
    }),
  );
