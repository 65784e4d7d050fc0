import { expect, it } from "vitest";
import { defaultCircle, isAlwaysThere } from "../../../adapters/dashboard/always-there.js";
import { mostFiles } from "../../../adapters/dashboard/upload.js";
import { mostAttachments } from "../../../lib/attachments/schema.js";
import { builtInPeers } from "../../../lib/peers/built-in.js";

// The page loads nothing of the library but types: what it says itself is held to it here.
it("knows the peers that a daemon has by itself, and nobody else", () => {
  for (const { name, role } of builtInPeers) {
    expect(isAlwaysThere({ display_name: name, role, circle: defaultCircle })).toBe(true);
    expect(isAlwaysThere({ display_name: name, role, circle: "work" })).toBe(false);
    expect(isAlwaysThere({ display_name: name, role: "agent", circle: defaultCircle })).toBe(false);
  }
  expect(isAlwaysThere({ display_name: "docs", role: "service", circle: defaultCircle })).toBe(false);
});

it("takes as many files as a message may have", () => expect(mostFiles).toBe(mostAttachments));
