import { promises } from "node:fs";
import * as z from "zod";
import { later } from "../../later.js";
import { codeOf } from "../../thrown.js";

/** Moments at which hooks run. */
export const hookEvent = later(() => z.enum(["SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PreCompact"]));
export type HookEvent = z.infer<typeof hookEvent>;

const hookFile = later(() => {
  const matcher = z.string().refine((source) => compileMatcher(source) !== undefined, "must be a regular expression");
  return z.looseObject({
    hooks: z.partialRecord(
      hookEvent,
      z.array(
        z.looseObject({
          matcher: matcher.exactOptional(),
          hooks: z.array(
            z.looseObject({
              type: z.literal("command"),
              command: z.string().min(1),
              /** Seconds. */
              timeout: z.number().gt(0).max(3600).exactOptional(),
              description: z.string().exactOptional(),
              on_error: z.enum(["reject", "continue"]).exactOptional(),
            }),
          ),
        }),
      ),
    ),
  });
});

/** A command that is run at a moment. */
export interface Hook {
  readonly event: HookEvent;
  readonly command: string;
  readonly timeoutMs: number;
  readonly onError: "reject" | "continue";
  /** True when it is for this tool; always for events without one. */
  readonly isFor: (tool: string | undefined) => boolean;
}

const hookFileBytes = 1024 * 1024;

/** The hooks of a file; none when there is no such file. @throws Error that says what is wrong with it */
export async function readHookFile(path: string): Promise<Hook[]> {
  let text: string;
  try {
    if ((await promises.stat(path)).size > hookFileBytes) throw new Error(`${path} is larger than 1 MiB`);
    text = await promises.readFile(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON`);
  }
  const parsed = hookFile.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: ${issue?.path.join(".") || "the file"} ${issue?.message}`);
  }
  return Object.entries(parsed.data.hooks).flatMap(([event, groups]) =>
    groups.flatMap((group) =>
      group.hooks.map((hook) => ({
        event: event as HookEvent,
        command: hook.command,
        timeoutMs: (hook.timeout ?? 60) * 1000,
        onError: hook.on_error ?? (event === "PreToolUse" ? "reject" : "continue"),
        isFor: toolMatcher(group.matcher),
      })),
    ),
  );
}

function toolMatcher(source: string | undefined): (tool: string | undefined) => boolean {
  if (source === undefined) return () => true;
  const expression = compileMatcher(source);
  return (tool) => tool !== undefined && expression !== undefined && expression.test(tool);
}

/** Over the whole name: `edit` is not `edit_file`. */
function compileMatcher(source: string): RegExp | undefined {
  try {
    // By itself first, so that no bracket of it can close ours.
    new RegExp(source, "u");
    return new RegExp(`^(?:${source})$`, "u");
  } catch {
    return undefined;
  }
}
