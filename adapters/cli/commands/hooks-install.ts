import { type ApprovalConfig, readApprovalConfig } from "../approval-hook/approval-config.js";
import { runtimes } from "../approval-hook/runtimes.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { makeChange, ownProgram, planChange, settingsOf } from "../hook-settings/plan-change.js";

const defaultWaitMs = 45_000;

/** `anode hooks install`: puts our hooks into a runtime's own settings, once, and leaves everything else there as it is. */
export const run: Command = async (line, context) => {
  const { backend, settings, scope } = settingsOf(line);
  const configured = readApprovalConfig(context.env, context.cwd);
  const wanted = line.has("gate") || configured.enabled === true;
  if (line.has("gate") && !runtimes[backend]) throw misuse(`--approval is for ${Object.keys(runtimes).join(", ")}.`);
  const request = { ...ownProgram(), approval: wanted ? approvalOf(backend, configured) : undefined };
  const path = settings.path(context, scope);
  const code = await makeChange(planChange(settings, path, request), line, context);
  if (backend === "codex" && !line.has("dry-run")) context.output.note("codex asks once whether it may trust the new hooks: `/hooks`");
  return code;
};

function approvalOf(backend: string, { gatedTools, waitMs = defaultWaitMs }: ApprovalConfig) {
  return { gatedTools: gatedTools ?? runtimes[backend]?.gatedTools ?? [], waitMs };
}
