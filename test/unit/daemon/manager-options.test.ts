import { describe, expect, it } from "vitest";
import { toManagerOptions } from "../../../adapters/daemon/manager-options.js";

describe("toManagerOptions", () => {
  it("bounds how long a blocking question is held by the mesh's own key, beside the other limits", () => {
    expect(toManagerOptions({}).limits).toBeUndefined();
    expect(toManagerOptions({ mesh: { question_wait_cap_ms: 300_000 } }).limits).toEqual({ questionWaitCapMs: 300_000 });
    expect(toManagerOptions({ daemon: { limits: { questions: 9 } }, mesh: { question_wait_cap_ms: 60_000 } }).limits).toEqual({
      questions: 9,
      questionWaitCapMs: 60_000,
    });
  });
});
