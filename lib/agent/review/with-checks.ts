import type { Executor, RunContext } from "../../runs/executor.js";
import { messageOf } from "../../thrown.js";
import { noticesOf } from "../notices.js";
import type { Changes } from "./changes.js";
import type { Check } from "./check.js";
import type { FoundChecks } from "./find-checks.js";
import { checkPrompt } from "./review-prompt.js";

const atOnce = 4;

/** The same executor, whose first run has children beside it, one for each check; it ends when they have. */
export function withChecks(executor: Executor, found: FoundChecks, changes: Changes): Executor {
  return {
    ...executor,
    async execute(context) {
      if (context.request.parent_id !== undefined) return executor.execute(context);
      const checked = runChecks(context, found, changes);
      // It is waited for below, also when the review itself fails.
      checked.catch(() => {});
      try {
        return await executor.execute(context);
      } finally {
        await checked;
      }
    },
  };
}

async function runChecks(context: RunContext, { broken, checks }: FoundChecks, changes: Changes): Promise<void> {
  for (const text of broken) await noticesOf(context)("warning", "check_skipped", text);
  const waiting = [...checks];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check && !context.signal.aborted; check = waiting.shift()) await runCheck(context, check, changes);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function runCheck(context: RunContext, check: Check, changes: Changes): Promise<void> {
  const { name, severity, tools } = check;
  const { approval_mode, cwd, model, profile } = context.request;
  await context.emit("check.started", { name, severity });
  const findings = await findingsOf(context, {
    prompt: checkPrompt(check, changes),
    profile,
    run_label: `check ${name}`.slice(0, 200),
    approval_mode,
    ...(model !== undefined && { model }),
    ...(cwd !== undefined && { cwd }),
    ...(tools && { tools: [...tools] }),
  });
  if (!context.signal.aborted) await context.emit("check.completed", { name, severity, findings });
}

/** What a check that could not be done found is why. */
async function findingsOf(context: RunContext, request: Parameters<RunContext["start"]>[0]): Promise<string> {
  try {
    const handle = await context.start(request);
    const end = await handle.done();
    return end.status === "completed" ? (end.result ?? "") : `The check was not done: ${end.error ?? end.status}`;
  } catch (error) {
    return `The check was not done: ${messageOf(error)}`;
  }
}
