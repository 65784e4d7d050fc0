import { describe, expect, it } from "vitest";

// What a careless merge does with a text from outside.
function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === "object" && value !== null) merge(into[name] as Record<string, unknown>, value as Record<string, unknown>);
    else into[name] = value;
  }
}

describe("the unit tests", () => {
  it("run where nobody can change the prototype of all objects: whoever tries is found", () => {
    const texts = ['{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}', '{"__proto__":{"toString":1}}'];
    for (const text of texts) expect(() => merge({}, JSON.parse(text))).toThrow(TypeError);
    expect({}).not.toHaveProperty("isAdmin");
    expect(String({})).toBe("[object Object]");
  });

  it("may give an object a member of any name", () => {
    const own: Record<string, unknown> = {};
    own["valueOf"] = 1;
    expect(Object.entries(own)).toEqual([["valueOf", 1]]);
  });
});
