import { isAnodeError } from "../../lib/errors.js";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Client } from "../client/index.js";
import { tellHowToAnswer } from "./answer-elsewhere.js";
import { createApprover } from "./approver.js";
import type { Context } from "./context.js";
import { exitOfRun, isEnded } from "./exit-code.js";
import { createProgress } from "./progress.js";
import { reconnecting } from "./reconnecting.js";
import { createTranscript } from "./transcript.js";

/** How a run is followed in a terminal. */
export interface FollowOptions {
  /** Begin after this seq. @defaultValue 0 */
  readonly after?: number | undefined;
  /** Events as JSON lines instead of text. @defaultValue false */
  readonly asJson?: boolean;
  /** Growing texts too. @defaultValue false */
  readonly previews?: boolean;
  /** The run is in this process: no other one can answer its questions. @defaultValue false */
  readonly isAlone?: boolean;
  /** Hears every record event. */
  readonly see?: (event: StreamEvent) => void;
  /** Leaves the run; it goes on. */
  readonly signal: AbortSignal;
}

/** Shows a run until it has ended. The exit code is the run's; 0 when nobody reads the output any more. */
export async function followRun(client: Client, id: string, context: Context, options: FollowOptions): Promise<number> {
  const { output, stdin } = context;
  const signal = AbortSignal.any([options.signal, output.closed]);
  const progress = createProgress(output);
  const approver = !options.asJson && isPerson(context) ? createApprover({ client, output, stdin, signal }) : undefined;
  // Whatever is inside a run cannot answer for it, and is not told how.
  const isShown = !approver && !options.isAlone && !context.env["ANODE_RUN_ID"];
  const show = options.asJson ? output.json : createTranscript(output, isShown ? tellHowToAnswer(client, output, signal) : undefined);
  let status: string | undefined;
  try {
    for await (const event of eventsOf(client, id, { ...options, signal }, context, approver !== undefined)) {
      status = event.status ?? status;
      show(event);
      progress.see(event);
      approver?.see(event);
      if ("seq" in event) options.see?.(event);
    }
  } finally {
    approver?.close();
    progress.close();
  }
  if (options.signal.aborted && !options.isAlone && !isEnded(status)) output.note(`${id} goes on; \`anode runs cancel ${id}\` ends it`);
  if (signal.aborted) return 0;
  // The log was already read to its end: only the record says how that was.
  if (!isEnded(status)) ({ status } = await client.runs.get({ id }, { signal }));
  return exitOfRun(status);
}

async function* eventsOf(
  client: Client,
  id: string,
  { after = 0, previews = false, signal }: FollowOptions,
  { output }: Context,
  approver: boolean,
): AsyncGenerator<StreamEvent | Preview> {
  const options = { after, previews, signal, ...reconnecting(output) };
  try {
    yield* client.runs.attach(id, { ...options, approver });
  } catch (error) {
    if (!approver || !isAnodeError(error) || error.code !== "scope_required") throw error;
    output.note("this token may not approve: questions are shown only");
    yield* client.runs.attach(id, options);
  }
}

/** Somebody sits there who can read a question and answer it, and is not the work itself. */
export function isPerson({ output, stdin, env }: Context): boolean {
  return output.isTerminal && stdin.isTTY && !env["ANODE_RUN_ID"];
}
