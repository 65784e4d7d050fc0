import * as z from "zod";
import { later } from "../later.js";
import { parseByMembers, parseWith } from "../parse.js";

/** `queued → running ⇄ waiting →` one of the four terminal ones. */
export const runStatus = later(() => z.enum(["queued", "running", "waiting", "completed", "failed", "canceled", "interrupted"]));
export type RunStatus = z.infer<typeof runStatus>;

export const stopReason = later(() =>
  z.enum([
    "end_turn",
    "output_limit",
    "exit",
    "signal",
    "max_turns",
    "refusal",
    "budget_wall",
    "budget_tokens",
    "budget_cost",
    "budget_events",
    "budget_bytes",
    "error",
    "canceled",
    "parent_ended",
    "shutdown",
    "crash",
  ]),
);
export type StopReason = z.infer<typeof stopReason>;

export const approvalMode = later(() => z.enum(["ask", "auto", "unrestricted"]));
export type ApprovalMode = z.infer<typeof approvalMode>;

/** What asked for a run. Runs of programs and containers are left out of lists unless asked for. */
export const runOrigin = later(() => z.enum(["request", "job", "schedule", "program", "container"]));
export type RunOrigin = z.infer<typeof runOrigin>;

/** What happens to a child when its parent ends. */
export const cancelPolicy = later(() => z.enum(["cascade", "detach"]));
export type CancelPolicy = z.infer<typeof cancelPolicy>;

/** Own usage of a run, not its children's. */
export const usage = later(() =>
  z.looseObject({
    input_tokens: z.int().min(0),
    output_tokens: z.int().min(0),
    cache_read_input_tokens: z.int().min(0).exactOptional(),
    cache_creation_input_tokens: z.int().min(0).exactOptional(),
    reasoning_tokens: z.int().min(0).exactOptional(),
  }),
);
export type Usage = z.infer<typeof usage>;

const positive = later(() => z.int().min(1).max(Number.MAX_SAFE_INTEGER));
export const budget = later(() =>
  z.strictObject({
    wall_ms: positive.exactOptional(),
    tokens: positive.exactOptional(),
    cost_usd: z.number().positive().exactOptional(),
    events: positive.exactOptional(),
    bytes: positive.exactOptional(),
  }),
);
export type Budget = z.infer<typeof budget>;

export const approval = later(() =>
  z.strictObject({
    timeout_ms: z.int().min(1000).max(604_800_000).exactOptional(),
    unattended: z.enum(["wait", "deny"]).exactOptional(),
  }),
);
export type Approval = z.infer<typeof approval>;

const text = (maxBytes: number, name: string) =>
  z
    .string()
    .refine((value) => value.trim() !== "", { message: "must not be blank", params: { issue: "blank" } })
    .refine((value) => !value.includes("\u0000"), { message: "must not contain U+0000", params: { issue: "format" } })
    .refine((value) => fits(value, maxBytes), {
      message: `must be at most ${maxBytes / 1024} KiB of UTF-8`,
      params: { issue: "length" },
    })
    .meta({ description: `${name}, at most ${maxBytes / 1024} KiB of UTF-8, not blank` })
    .overwrite((value) => value.toWellFormed());

function fits(value: string, maxBytes: number): boolean {
  // Three bytes a unit is the most UTF-8 needs, so short texts are never encoded just to be measured.
  return value.length * 3 <= maxBytes || (value.length <= maxBytes && utf8Bytes(value) <= maxBytes);
}

function utf8Bytes(value: string): number {
  return new TextEncoder().encode(value).length;
}

const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const environment = later(() =>
  z.record(z.string(), z.string().max(131_072)).superRefine((value, context) => {
    const names = Object.keys(value);
    if (names.length > 64) context.addIssue({ code: "custom", message: "must have at most 64 names", params: { issue: "length" } });
    for (const name of names) {
      const wrong =
        !environmentName.test(name) ||
        name.startsWith("ANODE") ||
        name.startsWith("LD_") ||
        name.startsWith("DYLD_") ||
        name === "NODE_OPTIONS";
      if (wrong)
        context.addIssue({ code: "custom", path: [name], message: "is not an allowed variable name", params: { issue: "format" } });
      if (value[name]?.includes("\u0000"))
        context.addIssue({ code: "custom", path: [name], message: "must not contain U+0000", params: { issue: "format" } });
    }
  }),
);

const metadata = later(() =>
  z.record(z.string(), z.string().max(4096)).superRefine((value, context) => {
    const keys = Object.keys(value);
    const bytes = utf8Bytes(JSON.stringify(value));
    if (keys.length > 32) context.addIssue({ code: "custom", message: "must have at most 32 keys", params: { issue: "length" } });
    if (keys.some((key) => key.length > 64))
      context.addIssue({ code: "custom", message: "must have keys of at most 64 characters", params: { issue: "length" } });
    if (bytes > 16_384) context.addIssue({ code: "custom", message: "must be at most 16 KiB", params: { issue: "length" } });
  }),
);

/** One line of text for people: trimmed, no control characters. */
// biome-ignore lint: control characters are what is being refused
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/;
const label = later(() =>
  z
    .string()
    .max(256)
    .refine((value) => !controlCharacters.test(value), { message: "must not contain control characters", params: { issue: "format" } })
    .refine((value) => value === "" || value.trim() !== "", { message: "must not be blank", params: { issue: "blank" } })
    .overwrite((value) => value.trim().toWellFormed()),
);

const argv = later(() =>
  z
    .array(z.string().refine((item) => !item.includes("\u0000"), { message: "must not contain U+0000", params: { issue: "format" } }))
    .min(1)
    .max(256)
    .refine((items) => items[0] !== "", { message: "must begin with a command", params: { issue: "blank" } })
    .refine((items) => items.reduce((sum, item) => sum + utf8Bytes(item), 0) <= 131_072, {
      message: "must be at most 128 KiB together",
      params: { issue: "length" },
    }),
);

const requestMembers = () => ({
  prompt: text(524_288, "What to do").exactOptional(),
  profile: z.string().max(128).exactOptional(),
  model: z.string().max(256).exactOptional(),
  max_turns: z.int().min(0).max(1000).exactOptional(),
  approval_mode: z.enum(["", "ask", "auto", "unrestricted", "yolo"]).exactOptional(),
  run_label: label.exactOptional(),
  cwd: z
    .string()
    .max(4096)
    .refine((value) => value.startsWith("/") && !value.includes("\u0000"), {
      message: "must be an absolute path",
      params: { issue: "format" },
    })
    .exactOptional(),
  session_id: z.string().min(1).max(256).exactOptional(),
  command: z.string().min(1).max(128).exactOptional(),
  argv: argv.exactOptional(),
  shell: text(65_536, "A shell command").exactOptional(),
  env: environment.exactOptional(),
  stdin: z
    .string()
    .refine((value) => fits(value, 524_288), { message: "must be at most 512 KiB of UTF-8", params: { issue: "length" } })
    .exactOptional(),
  pty: z.boolean().exactOptional(),
  keep_open: z.boolean().exactOptional(),
  parent_id: z.string().max(128).exactOptional(),
  cancel_policy: cancelPolicy.exactOptional(),
  key: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,127}$/, "must be a letter or digit, then at most 127 letters, digits or any of _ . : / @ -")
    .exactOptional(),
  priority: z.int().min(-100).max(100).exactOptional(),
  budget: budget.exactOptional(),
  approval: approval.exactOptional(),
  tools: z.array(z.string().min(1).max(128)).min(1).max(128).exactOptional(),
  metadata: metadata.exactOptional(),
});

type RequestMembers = z.infer<z.ZodObject<ReturnType<typeof requestMembers>, z.core.$strict>>;

/** What of a request contradicts itself: the member, and what is wrong with it. */
function conflictsOf(value: RequestMembers): (readonly [member: string, message: string, code: "conflict" | "required"])[] {
  const found: [string, string, "conflict" | "required"][] = [];
  const commands = (["command", "argv", "shell"] as const).filter((name) => value[name] !== undefined);
  const free = value.argv !== undefined || value.shell !== undefined;
  if (commands.length > 1) found.push([commands[1] ?? "", `excludes ${commands[0]}`, "conflict"]);
  if (commands.length === 0 && value.prompt === undefined) found.push(["prompt", "is required", "required"]);
  if (value.env !== undefined && !free) found.push(["env", "needs argv or shell", "conflict"]);
  if (value.stdin !== undefined && !free) found.push(["stdin", "needs argv or shell", "conflict"]);
  if (value.pty !== undefined && commands.length === 0) found.push(["pty", "needs command, argv or shell", "conflict"]);
  if (value.cancel_policy !== undefined && value.parent_id === undefined) found.push(["cancel_policy", "needs parent_id", "conflict"]);
  return found;
}

/** Body of `POST /runs`. Anode's own fields are `prompt, profile, model, max_turns, approval_mode, run_label`. */
export const runRequest = later(() =>
  z.strictObject(requestMembers()).superRefine((value, context) => {
    for (const [member, message, issue] of conflictsOf(value)) {
      context.addIssue({ code: "custom", path: [member], message, params: { issue } });
    }
  }),
);
// Equal to the whole schema, as a test holds them to be.
parseByMembers(
  runRequest,
  () => runRequest.shape,
  (value) => conflictsOf(value as RequestMembers).length === 0,
);

/** What a caller asks for. */
export type RunRequest = z.infer<typeof runRequest>;

/** A request of valid shape. @throws `invalid_request` with its issues */
export function parseRunRequest(request: unknown): RunRequest {
  return parseWith(runRequest, request);
}

/** The summary of a run: a fold of its events. Unknown is absent. */
export const runSummary = later(() =>
  z.strictObject({
    id: z.string(),
    status: runStatus,
    profile: z.string(),
    label: z.string(),
    prompt: z.string(),
    started_at: z.string(),
    ended_at: z.string().exactOptional(),
    result: z.string().exactOptional(),
    error: z.string().exactOptional(),
    error_code: z.string().exactOptional(),
    stop_reason: stopReason.exactOptional(),
    num_turns: z.int().exactOptional(),
    max_turns: z.int().exactOptional(),
    duration_ms: z.int().exactOptional(),
    usage: usage.exactOptional(),
    cost_usd: z.number().exactOptional(),
    session_id: z.string().exactOptional(),
    model: z.string().exactOptional(),
    cwd: z.string().exactOptional(),
    tools: z.array(z.string()).exactOptional(),
    approval_mode: approvalMode,
    executor: z.string(),
    origin: runOrigin,
    parent_id: z.string().exactOptional(),
    cancel_policy: cancelPolicy.exactOptional(),
    keep_open: z.boolean().exactOptional(),
    queue_position: z.int().exactOptional(),
    key: z.string(),
    priority: z.int(),
    budget: budget.exactOptional(),
    metadata: z.record(z.string(), z.string()).exactOptional(),
    exit_code: z.int().exactOptional(),
    signal: z.string().exactOptional(),
    open_questions: z.int().exactOptional(),
    last_seq: z.int(),
    truncated: z.array(z.string()).exactOptional(),
  }),
);
export type RunSummary = z.infer<typeof runSummary>;

/** Follow-up input of a run. */
export const runInput = later(() =>
  z.strictObject({
    text: text(524_288, "The follow-up"),
    /** `steer` = at the next step boundary, `queue` = as the next task. */
    delivery: z.enum(["queue", "steer"]).exactOptional(),
  }),
);
export type RunInputRequest = z.infer<typeof runInput>;

export const inputRecord = later(() =>
  z.strictObject({
    input_id: z.string(),
    delivery: z.enum(["queue", "steer"]),
    state: z.enum(["pending", "delivered", "withdrawn", "dropped"]),
    text: z.string(),
    by: z.string(),
  }),
);
export type InputRecord = z.infer<typeof inputRecord>;
