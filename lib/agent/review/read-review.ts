import { existsSync } from "node:fs";
import { AnodeError } from "../../errors.js";
import { createCommands, createContainment } from "../../node/index.js";
import { systemHost } from "../../system-host.js";
import { ToolError } from "../tools/tool-error.js";
import { openWorkspace } from "../workspace/workspace.js";
import { type Changes, readChanges } from "./changes.js";
import { findChecks, type FoundChecks } from "./find-checks.js";
import { reviewPrompt } from "./review-prompt.js";

/** What a review is about. */
export interface Review {
  /** What the run of the review is asked. */
  readonly prompt: string;
  readonly changes: Changes;
  readonly found: FoundChecks;
}

/** What to review, and where. */
export interface ReviewOptions {
  /** A folder of the repository. */
  readonly cwd: string;
  /** The home folder, hidden from what git may start. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What to look at above all. */
  readonly focus?: string;
  /** Adds what changed since the merge base with this ref. */
  readonly base?: string;
  /** Looks for checks too. @defaultValue false */
  readonly checks?: boolean;
}

/**
 * What has changed in the repository of a folder, as a review is asked about it; `undefined` = nothing.
 * @throws `invalid_request` outside of a repository and for a ref that is none
 */
export async function readReview({ base, checks = false, cwd, env, focus, home }: ReviewOptions): Promise<Review | undefined> {
  const workspace = await openWorkspace({ cwd, home });
  const commands = createCommands({
    host: systemHost,
    containment: createContainment({ storeId: systemHost.randomId(16) }),
    baseEnv: env,
    ...(existsSync(home) && { hide: { home, sockets: [] } }),
  });
  const ground = { run_id: "review", commands, workspace };
  try {
    const changes = await readChanges(ground, { signal: new AbortController().signal, ...(base !== undefined && { base }) });
    if (!changes) return undefined;
    const found = checks ? await findChecks(workspace.root, changes.files) : { checks: [], broken: [] };
    return { prompt: reviewPrompt(changes, focus), changes, found };
  } catch (error) {
    throw error instanceof ToolError ? refused(error, cwd) : error;
  }
}

function refused({ code, message }: ToolError, cwd: string): AnodeError {
  if (code !== "unavailable") return new AnodeError("invalid_request", message);
  return new AnodeError("invalid_request", `There is nothing to review in ${cwd}: it is not in a git repository.`, {
    details: { hint: "Go to a repository, or begin one with: git init" },
  });
}
