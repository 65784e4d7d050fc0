import type { Command } from "../context.js";
import { runHere } from "../run-here.js";
import { toRunRequest } from "../run-request.js";

/** `anode review`: what changed in this repository goes to a run that only reads; the exit code is the run's. */
export const run: Command = async (line, context) => {
  const { cwd, env, output } = context;
  const { homeOf } = await import("../../daemon/index.js");
  const { readReview, withChecks } = await import("../../../lib/agent/index.js");
  const { prompt: focus, ...request } = toRunRequest(line, { ...context, env: {} });
  const base = line.text("base");
  const asJson = line.has("stream-json");
  const review = await readReview({
    cwd,
    env,
    home: homeOf(env).path,
    checks: line.has("checks"),
    ...(focus !== undefined && { focus }),
    ...(base !== undefined && { base }),
  });
  if (!review) {
    // Among JSON lines it would be none.
    if (asJson) output.note("Nothing to review");
    else output.data("Nothing to review\n");
    return 0;
  }
  const { changes, found, prompt } = review;
  return runHere(context, {
    request: { profile: "review", ...request, prompt },
    asJson,
    ...(line.has("checks") && { around: (executor) => withChecks(executor, found, changes) }),
  });
};
