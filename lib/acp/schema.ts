import * as z from "zod";
import { later } from "../later.js";

const text = later(() => z.string().min(1).max(4096));
const variableName = later(() => z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/));

/** The agent's own name of a mode; as an object where the agent never asks in it. */
const mode = later(() => z.union([text, z.strictObject({ mode: text, asks: z.boolean().exactOptional() })]));

/** What the agent can do that not every agent can. */
const supports = later(() =>
  z.strictObject({
    /** Goes on with an earlier session. */
    session: z.boolean().exactOptional(),
    /** Takes input while it works. */
    steer: z.boolean().exactOptional(),
    /** Reports all the tokens it spends. */
    tokens: z.boolean().exactOptional(),
    /** Reports what it costs. */
    cost: z.boolean().exactOptional(),
  }),
);

/** How a foreign agent is started and what its modes mean; a definition names code to run. */
export const agentDefinition = later(() =>
  z
    .strictObject({
      title: z.string().max(256).exactOptional(),
      description: z.string().max(4096).exactOptional(),
      executor: z.literal("acp").exactOptional(),
      enabled: z.boolean().exactOptional(),
      /** Whole items `{model}`, `{cwd}` and `{session_id}` are filled in; a flag before one without a value is left out with it. */
      argv: z.array(z.string().max(32_768)).min(1).max(256),
      env: z
        .strictObject({ pass: z.array(variableName).exactOptional(), set: z.record(variableName, z.string()).exactOptional() })
        .exactOptional(),
      approval: z.strictObject({ ask: mode.exactOptional(), auto: mode.exactOptional(), unrestricted: mode.exactOptional() }),
      read_only_mode: text.exactOptional(),
      /** Where the model goes: `argv`, the request `session/set_model`, or a named config option. */
      model_option: z.union([z.enum(["argv", "set_model"]), z.strictObject({ config: text })]).exactOptional(),
      supports: supports.exactOptional(),
      containment: z.enum(["auto", "group", "group+cookie", "pidns", "cgroup"]).exactOptional(),
      /** Time from the start to an open session, in milliseconds. */
      start_timeout_ms: z.int().min(100).max(600_000).exactOptional(),
      /** The command that installs it, for people. */
      install: z.string().max(1024).exactOptional(),
    })
    .superRefine((value, context) => {
      const issue = (path: (string | number)[], message: string): void => context.addIssue({ code: "custom", path, message });
      if (value.argv[0]?.trim() === "") issue(["argv", 0], "must be a command");
      for (const [index, item] of value.argv.entries()) {
        if (item.includes("\u0000")) issue(["argv", index], "must not contain U+0000");
        const placeholder = /^\{(.*)\}$/.exec(item)?.[1];
        if (placeholder !== undefined && !["model", "cwd", "session_id"].includes(placeholder))
          issue(["argv", index], "is no placeholder we know");
      }
      if (value.model_option === "argv" && !value.argv.includes("{model}"))
        issue(["argv"], "must have an item {model}, as model_option says");
      for (const name of ["ask", "auto"] as const) {
        const entry = value.approval[name];
        if (typeof entry !== "object" || entry.asks !== false || entry.mode === value.read_only_mode) continue;
        issue(["approval", name], "may name a mode that never asks only if it is the read_only_mode");
      }
    }),
);

export type AgentDefinition = z.infer<typeof agentDefinition>;
