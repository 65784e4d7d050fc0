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

  it.each([
    ["queue_max", "messageQueue"],
    ["queue_ttl_ms", "messageQueueMs"],
    ["contact_ttl_ms", "contactMs"],
    ["reap_ms", "reapMs"],
    ["stale_busy_ms", "staleBusyMs"],
    ["description_ttl_ms", "descriptionMs"],
    ["question_wait_cap_ms", "questionWaitCapMs"],
  ])("takes mesh.%s as the limit %s, and the limit itself before it", (key, limit) => {
    expect(toManagerOptions({ mesh: { [key]: 5_000 } }).limits).toEqual({ [limit]: 5_000 });
    expect(toManagerOptions({ mesh: { [key]: 5_000 }, daemon: { limits: { [limit]: 6_000 } } }).limits).toEqual({ [limit]: 6_000 });
  });
});
