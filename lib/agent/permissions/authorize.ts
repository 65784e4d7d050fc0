import type { RunContext } from "../../runs/executor.js";
import { isAnodeError } from "../../errors.js";
import { messageOf } from "../../thrown.js";
import type { AgentTool } from "../tool.js";
import type { BuiltinTool } from "../tools/define-tool.js";
import type { FileRoom } from "../workspace/file-room.js";
import { createDecide, type DecideOptions } from "./decide.js";
import { judgePath } from "./judge-path.js";
import type { JudgedCall } from "./judged-call.js";
import { approvalQuestion, readAnswer } from "./question.js";
import { canonicalName } from "./rules.js";

/** A call before it is judged. */
export interface RequestedCall {
  readonly call_id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** May it run? */
export type Authorization = { readonly allow: true } | { readonly allow: false; readonly reason: string };

/** What a run's calls are authorized with. */
export interface AuthorizeOptions extends DecideOptions {
  readonly context: RunContext;
  readonly files: FileRoom;
  /** The registry: what is not found here does not exist. */
  readonly find: (name: string) => AgentTool | undefined;
  /** Hooks `PreToolUse`: why a call is rejected. */
  readonly beforeTool: (call: RequestedCall) => Promise<string | undefined>;
}

/** Authorizes the calls of a run; whatever goes wrong on the way denies. */
export function createAuthorize(options: AuthorizeOptions): (call: RequestedCall) => Promise<Authorization> {
  const { context, files, find, grants } = options;
  const { decide, hardDeny } = createDecide(options);

  const authorize = async (requested: RequestedCall): Promise<Authorization> => {
    const tool = find(canonicalName(requested.name));
    if (!tool) return no(`unknown tool ${requested.name}`);
    const problem = "problem" in tool ? (tool as BuiltinTool).problem(requested.args) : undefined;
    if (problem !== undefined) return no(`invalid_arguments: ${problem}`);
    const call = await judged(tool, requested, files);
    const closed = hardDeny(call);
    if (closed !== undefined) return no(closed);
    const rejected = await options.beforeTool({ ...requested, name: tool.name });
    if (rejected !== undefined) return no(rejected);
    const decision = decide(call);
    if (decision.action === "deny") return no(decision.reason);
    if (decision.action === "ask") {
      const diff = "diff" in tool ? await (tool as BuiltinTool).diff?.(requested.args) : undefined;
      const answer = readAnswer(await context.ask(approvalQuestion(call, diff)));
      if (!answer.allow) return answer;
      if (answer.always) grants.add(call);
    }
    // An answer that came after the end of the run allows nothing any more.
    if (context.signal.aborted) return no("canceled");
    files.admit(
      call.call_id,
      call.paths.map(({ real }) => real),
    );
    return { allow: true };
  };

  return async (call) => {
    try {
      return await authorize(call);
    } catch (error) {
      return no(isAnodeError(error) && error.code === "question_full" ? "no_approver" : `it could not be judged: ${messageOf(error)}`);
    }
  };
}

async function judged(tool: AgentTool, { call_id, args }: RequestedCall, { workspace }: FileRoom): Promise<JudgedCall> {
  const touched = "paths" in tool ? ((tool as BuiltinTool).paths?.(args) ?? []) : [];
  const paths = await Promise.all(touched.map(({ path, writes }) => judgePath(workspace, path, writes)));
  return { call_id, name: tool.name, level: tool.level, isOpaque: tool.opaque ?? false, args, paths };
}

function no(reason: string): Authorization {
  return { allow: false, reason };
}
