import type { Command } from "../context.js";
import { feedLine, feedTypes } from "../feed-line.js";
import { untilInterrupted } from "../interrupt.js";
import { withClient } from "../open-client.js";
import { reconnecting } from "../reconnecting.js";

const defaultTail = 100;

/** `anode events`: what happens in the daemon, a line for each event. Ctrl-C ends the reading alone. */
export const run: Command = (line, context) =>
  untilInterrupted((interrupted) =>
    withClient(line, context, async (client) => {
      const { output } = context;
      const after = line.number("after");
      const types = line.list("types").flatMap((text) => text.split(","));
      const unknown = types.filter((type) => !feedTypes.includes(type));
      if (unknown.length > 0)
        output.note(`--types: ${unknown.join(", ")} is no type of the feed that is known here; these are: ${feedTypes.join(", ")}`);
      const events = client.events({
        ...(after === undefined ? { tail: line.number("tail") ?? defaultTail } : { after }),
        ...(types.length > 0 && { types }),
        follow: line.has("follow"),
        signal: AbortSignal.any([interrupted, output.closed]),
        ...reconnecting(output),
      });
      for await (const event of events) {
        if (line.has("json")) output.json(event);
        else output.data(`${feedLine(event)}\n`);
      }
      return 0;
    }),
  );
