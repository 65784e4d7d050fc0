import { describe, expect, it } from "vitest";
import { signalName } from "../../../../lib/node/process/signal-name.js";

describe("signalName", () => {
  it.each([
    [1, "SIGHUP"],
    [6, "SIGABRT"],
    [9, "SIGKILL"],
    [15, "SIGTERM"],
  ])("of %i is %s", (number, name) => expect(signalName(number)).toBe(name));

  it.each([0, -1, 34, 127, 1.5])("of %d is unknown", (number) => expect(signalName(number)).toBeUndefined());
});
