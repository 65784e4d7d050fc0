import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { type NormalRequest, supportsNothing } from "../../../lib/runs/normal-request.js";
import { queuedPayload } from "../../../lib/runs/queued-payload.js";

const request: NormalRequest = { prompt: "x", profile: "craft", approval_mode: "ask", key: "k", priority: 0 };
const about = { executor: "main", origin: "request", supports: supportsNothing, caller: { ...localCaller, run_id: "R-9" } } as const;

describe("queuedPayload", () => {
  it("is the accepted request with who asked and what holds for it", () => {
    expect(queuedPayload({ ...request, run_label: "triage", budget: { events: 5 } }, about)).toEqual({
      ...request,
      label: "triage",
      budget: { events: 5 },
      executor: "main",
      origin: "request",
      supports: supportsNothing,
      caller: { id: "local", door: "in_process" },
    });
  });

  it("holds nothing of the environment's values, of the input or of the command's template", () => {
    const template = { argv: ["tool"], env: { TOOL_KEY: "planted-1" } };
    const payload = queuedPayload(
      { ...request, argv: ["x"], env: { A: "planted-2", B: "planted-3" }, stdin: "planted-é", template },
      about,
    );
    expect(JSON.stringify(payload)).not.toContain("planted");
    expect(payload).toMatchObject({ env_names: ["A", "B"], stdin_bytes: 10, label: "" });
  });

  it("has no field for what was not given", () => {
    expect(Object.keys(queuedPayload(request, about))).not.toEqual(expect.arrayContaining(["env_names"]));
    expect(Object.values(queuedPayload(request, about))).not.toContain(undefined);
  });
});
