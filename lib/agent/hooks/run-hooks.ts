import * as z from "zod";
import type { RunContext } from "../../runs/executor.js";
import type { Commands } from "../../node/index.js";
import { messageOf } from "../../thrown.js";
import { cutText } from "../tools/cut-text.js";
import type { Hook, HookEvent } from "./hook-file.js";

/** What the hooks of a moment say together. */
export interface HookVerdict {
  /** Why the first that rejected did so. */
  readonly reject?: string;
  /** What they have for the model. */
  readonly context?: string;
}

/** A further part of a run that hooks into its moments: a plugin. It throws where a command would fail. */
export interface HookPart {
  readonly name: string;
  readonly events: readonly HookEvent[];
  readonly run: (event: HookEvent, fields: Readonly<Record<string, unknown>>) => Promise<HookVerdict>;
}

/** What hooks are run with. */
export interface HookOptions {
  readonly context: RunContext;
  readonly commands: Commands;
  readonly hooks: readonly Hook[];
  /** Asked after the commands, as long as nobody has rejected. */
  readonly parts: () => readonly HookPart[];
  readonly root: string;
  readonly session_id: () => string | undefined;
  readonly now: () => number;
}

const reply = z.looseObject({
  decision: z.enum(["allow", "reject"]).exactOptional(),
  reason: z.string().exactOptional(),
  context: z.string().exactOptional(),
});

const outputBytes = 64 * 1024;

/** Runs the hooks of a moment, one after the other; the first that rejects ends the chain. */
export function createHooks(options: HookOptions): (event: HookEvent, fields: Readonly<Record<string, unknown>>) => Promise<HookVerdict> {
  const { context, hooks, parts, root, session_id, now } = options;

  const settle = async (event: HookEvent, command: string, onError: Hook["onError"], run: () => Promise<Ended>): Promise<HookVerdict> => {
    const start = now();
    const { decision, reason, exit_code, say } = await run();
    await context.emit("hook.result", {
      event,
      command: cutText(command, 4096),
      ...(exit_code !== undefined && { exit_code }),
      decision,
      ...(reason !== undefined && { reason }),
      duration_ms: Math.round(now() - start),
    });
    if (decision === "reject" || (decision === "error" && onError === "reject")) {
      return { reject: reason ?? (decision === "error" ? "a hook failed" : "a hook rejected it") };
    }
    return say === undefined ? {} : { context: say };
  };

  return async (event, fields) => {
    const tool = typeof fields["tool_name"] === "string" ? fields["tool_name"] : undefined;
    const session = session_id();
    const input = { event, run_id: context.run.id, ...(session !== undefined && { session_id: session }), workspace_root: root, ...fields };
    const said: string[] = [];
    const steps = [
      ...hooks
        .filter((hook) => hook.event === event && hook.isFor(tool))
        .map((hook) => () => settle(event, hook.command, hook.onError, () => runCommand(options, hook, input))),
      ...parts()
        .filter(({ events }) => events.includes(event))
        .map((part) => () => settle(event, part.name, event === "PreToolUse" ? "reject" : "continue", () => runPart(part, event, input))),
    ];
    for (const step of steps) {
      const verdict = await step();
      if (verdict.context !== undefined) said.push(verdict.context);
      if (verdict.reject !== undefined) return verdict;
    }
    return said.length > 0 ? { context: said.join("\n\n") } : {};
  };
}

interface Ended {
  readonly decision: "allow" | "reject" | "error";
  readonly reason?: string;
  readonly exit_code?: number;
  readonly say?: string;
}

async function runCommand({ context, commands, root }: HookOptions, hook: Hook, input: object): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  try {
    const { exit_code, timed_out } = await commands.run({
      run_id: context.run.id,
      argv: ["/bin/sh", "-c", hook.command],
      cwd: root,
      input: JSON.stringify(input),
      // The end of a run has hooks too: what bounds them is their time.
      signal: hook.event === "SessionEnd" ? new AbortController().signal : context.signal,
      timeoutMs: hook.timeoutMs,
      onOutput(text, stream) {
        if (stream === "stdout") stdout = (stdout + text).slice(0, outputBytes);
        else stderr = (stderr + text).slice(0, outputBytes);
      },
    });
    if (timed_out) return { decision: "error", reason: `it took longer than ${hook.timeoutMs / 1000} s` };
    const code = exit_code === undefined ? {} : { exit_code };
    if (exit_code === 2) return { decision: "reject", reason: cutText(stderr.trim() || "a hook rejected it", 4096), ...code };
    if (exit_code !== 0)
      return { decision: "error", reason: cutText(`it failed: ${stderr.trim() || `exit code ${exit_code ?? "unknown"}`}`, 4096), ...code };
    return { ...readReply(stdout), ...code };
  } catch (error) {
    return { decision: "error", reason: messageOf(error) };
  }
}

function readReply(stdout: string): Ended {
  if (stdout.trim() === "") return { decision: "allow" };
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    return { decision: "error", reason: "its output is not JSON" };
  }
  const parsed = reply.safeParse(json);
  if (!parsed.success) return { decision: "error", reason: "its output is not a decision" };
  const { decision = "allow", reason, context } = parsed.data;
  return { decision, ...(reason !== undefined && { reason: cutText(reason, 4096) }), ...(context !== undefined && { say: context }) };
}

async function runPart(part: HookPart, event: HookEvent, input: Readonly<Record<string, unknown>>): Promise<Ended> {
  try {
    const { reject, context } = await part.run(event, input);
    return {
      decision: reject === undefined ? "allow" : "reject",
      ...(reject !== undefined && { reason: reject }),
      ...(context !== undefined && { say: context }),
    };
  } catch (error) {
    return { decision: "error", reason: messageOf(error) };
  }
}
