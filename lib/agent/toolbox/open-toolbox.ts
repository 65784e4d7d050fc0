import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf } from "../../thrown.js";
import type { Notice } from "../notices.js";
import type { AgentTool } from "../tool.js";
import { withHome } from "../workspace/workspace.js";
import { claimedLevel, toAgentTool } from "../tools/external-tool.js";
import { createHeadAndTail } from "../tools/head-and-tail.js";
import type { ToolRoom } from "../tools/tool-room.js";
import { type Description, parseDescription } from "./description.js";

const describeMs = 5_000;
const describedAtOnce = 16;
const describeBytes = 256 * 1024;
const outputBytes = 1024 * 1024;

/** The tools of the programs in `$ANODE_TOOLBOX`, then in `tools.toolboxDirs`; the earlier folder wins a name. */
export async function openToolbox(room: ToolRoom, notice: Notice, signal: AbortSignal): Promise<AgentTool[]> {
  const { config, env } = room;
  const folders = [...(env["ANODE_TOOLBOX"] ?? "").split(":").filter((folder) => folder !== ""), ...(config.tools?.toolboxDirs ?? [])];
  const programs = (await Promise.all(folders.map((folder) => programsIn(resolve(withHome(folder)))))).flat();
  const described: Described[] = [];
  for (let at = 0; at < programs.length; at += describedAtOnce) {
    described.push(...(await Promise.all(programs.slice(at, at + describedAtOnce).map((program) => describe(room, program, signal)))));
  }
  const tools = new Map<string, AgentTool>();
  const skip = (program: string, why: string): Promise<void> => notice("warning", "toolbox_skipped", `${program} is skipped: ${why}.`);
  for (const { description, program, why } of described) {
    const tool = description && toolOf(room, program, description);
    if (!tool) await skip(program, why ?? "it does not describe itself");
    else if (tools.has(tool.name)) await skip(program, `there is a ${tool.name} already`);
    else tools.set(tool.name, tool);
  }
  return [...tools.values()];
}

/** What a program said of itself, or why that is nothing. */
interface Described {
  readonly program: string;
  readonly description?: Description;
  readonly why?: string;
}

async function programsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const programs = await Promise.all(
    names.toSorted(byText).map(async (name) => {
      const path = join(folder, name);
      try {
        await access(path, constants.X_OK);
        return (await stat(path)).isFile() ? path : undefined;
      } catch {
        return undefined;
      }
    }),
  );
  return programs.filter((path) => path !== undefined);
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

async function describe(room: ToolRoom, program: string, signal: AbortSignal): Promise<Described> {
  try {
    let text = "";
    const { exit_code, timed_out } = await room.commands.run({
      run_id: room.run_id,
      argv: [program],
      cwd: room.files.workspace.root,
      env: { TOOLBOX_ACTION: "describe" },
      signal,
      timeoutMs: describeMs,
      onOutput(part, stream) {
        if (stream === "stdout" && text.length < describeBytes) text += part;
      },
    });
    if (timed_out) throw new Error(`it took longer than ${describeMs / 1000} s to describe itself`);
    if (exit_code !== 0) throw new Error(`it left with exit code ${exit_code ?? "unknown"} when asked to describe itself`);
    return { program, description: parseDescription(text) };
  } catch (error) {
    signal.throwIfAborted();
    return { program, why: messageOf(error) };
  }
}

function toolOf(room: ToolRoom, program: string, { name, description, parameters, permission, timeout_seconds }: Description): AgentTool {
  const timeoutMs = timeout_seconds === undefined ? (room.config.tools?.externalTimeout ?? 60_000) : timeout_seconds * 1000;
  return toAgentTool(
    {
      name: `tb__${name.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_")}`.slice(0, 64),
      description,
      level: claimedLevel(permission),
      opaque: true,
      parameters,
      async run(args, call) {
        const stdout = createHeadAndTail(outputBytes);
        let stderr = "";
        const end = await room.commands.run({
          run_id: room.run_id,
          argv: [program],
          cwd: room.files.workspace.cwd,
          env: { TOOLBOX_ACTION: "execute", TOOLBOX_WORKSPACE: room.files.workspace.root },
          input: JSON.stringify(args),
          signal: call.signal,
          timeoutMs,
          onOutput(text, stream) {
            call.preview(text, stream);
            if (stream === "stdout") stdout.push(text);
            else stderr = (stderr + text).slice(-4096);
          },
        });
        const code = end.exit_code === undefined ? {} : { exit_code: end.exit_code };
        if (!end.timed_out && end.exit_code === 0) return { text: stdout.text(), ...code };
        const why = end.timed_out
          ? `timed out after ${timeoutMs} ms`
          : end.signal
            ? `ended by ${end.signal}`
            : `exit code ${end.exit_code ?? "unknown"}`;
        const error = stderr.trim() === "" ? why : `${why}\n${stderr.trim()}`;
        return {
          ok: false,
          text: `error: ${end.timed_out ? "timed_out" : "failed"}: ${error}\n${stdout.text()}`.trimEnd(),
          error: why,
          ...code,
        };
      },
    },
    room.outputBytes,
  );
}
