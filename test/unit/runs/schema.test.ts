import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAnodeError } from "../../../lib/errors.js";
import { parseRunRequest, runRequest } from "../../../lib/runs/schema.js";
import { propertyRuns } from "../../support/property-runs.js";

const anything = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.array(fc.string()),
  fc.object({ maxDepth: 1 }),
);
const likely: Record<string, fc.Arbitrary<unknown>> = {
  prompt: fc.constantFrom("do it", "", "  ", "\ud800", "a\u0000"),
  profile: fc.constantFrom("craft", ""),
  approval_mode: fc.constantFrom("", "ask", "yolo", "all"),
  run_label: fc.constantFrom("x", " x ", " ", "a\nb"),
  max_turns: fc.constantFrom(0, 5, 1001, 1.5),
  command: fc.constantFrom("lint", ""),
  argv: fc.constantFrom(["ls"], [], [""]),
  shell: fc.constantFrom("ls", " "),
  env: fc.constantFrom({ A: "b" }, { ANODE_X: "1" }),
  stdin: fc.string(),
  pty: fc.boolean(),
  cancel_policy: fc.constantFrom("cascade", "detach", "no"),
  parent_id: fc.string(),
  budget: fc.constantFrom({ events: 3 }, { events: 0 }, { other: 1 }, {}),
  metadata: fc.constantFrom({ a: "b" }, { a: 1 }),
  unknown: fc.string(),
};
const request = fc
  .subarray(Object.keys(likely), { maxLength: 4 })
  .chain((names) =>
    fc.record(
      Object.fromEntries(
        names.map((name) => [
          name,
          fc.oneof({ weight: 6, arbitrary: likely[name] as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: anything }),
        ]),
      ),
    ),
  );

describe("parseRunRequest", () => {
  it("takes and refuses exactly what the whole schema takes and refuses, and gives the same value", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: request }, { weight: 1, arbitrary: anything }), (value) => {
        const whole = runRequest.safeParse(value);
        if (whole.success) {
          taken += 1;
          expect(parseRunRequest(value)).toEqual(whole.data);
        } else
          expect(() => parseRunRequest(value)).toThrow(
            expect.toSatisfy((error) => isAnodeError(error) && error.code === "invalid_request"),
          );
      }),
      { numRuns: propertyRuns(750) },
    );
    expect(taken).toBeGreaterThan(20);
  });
});
