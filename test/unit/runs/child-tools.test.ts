import { expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { gate, openManager } from "../../support/manager.js";

it.each([
  [["read", "grep"], undefined, ["read", "grep"]],
  [["read", "grep"], ["grep", "bash"], ["grep"]],
  [["mcp__*"], ["mcp__git__log"], ["mcp__git__log"]],
  [undefined, ["bash"], ["bash"]],
])("A child of a run with tools %j that asks for %j has %j", async (parentTools, asked, expected) => {
  const { executor, contexts, release } = gate();
  const main = { ...executor, supports: { ...executor.supports, tools: true } };
  const manager = await openManager(main, {
    executors: { child: functionExecutor(() => "", { tools: true }) },
    profiles: { quick: { executor: "child" } },
  });
  const { id } = await manager.start({ prompt: "x", ...(parentTools && { tools: parentTools }) });
  for await (const { type } of manager.attach(id)) if (type === "run.started") break;
  const child = await contexts[0]?.start({ prompt: "y", profile: "quick", ...(asked && { tools: asked }) });
  expect((await manager.get(child?.id ?? "")).tools).toEqual(expected);
  release();
  await manager.wait(id);
});
