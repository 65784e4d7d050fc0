import { expect, it } from "vitest";
import { withNewerVariables } from "../../../adapters/cli/newer-variables.js";
import { AnodeError } from "../../../lib/errors.js";

const refusal = (code: "model_unavailable" | "queue_full", hint: string) => new AnodeError(code, "no", { details: { hint } });

it("says that a variable is set here and not where the daemon was started, and else leaves the error as it is", () => {
  const missing = refusal("model_unavailable", "Set OPENAI_API_KEY, or name a model.");
  expect(withNewerVariables(missing, { OPENAI_API_KEY: "k" })).toMatchObject({
    code: "model_unavailable",
    details: { hint: expect.stringMatching(/^Set OPENAI_API_KEY.*\nOPENAI_API_KEY is set here, .*anode daemon stop/) },
  });
  expect(withNewerVariables(missing, { OPENAI_API_KEY: "" })).toBe(missing);
  const full = refusal("queue_full", "HOME");
  expect(withNewerVariables(full, { HOME: "/" })).toBe(full);
});
