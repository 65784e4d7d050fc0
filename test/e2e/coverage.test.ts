import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requirements } from "./requirements.js";
import { isOther } from "./verifies.js";

const folder = new URL("./", import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts") && name !== "coverage.test.ts")
  .map((name) => readFileSync(new URL(name, folder), "utf8"))
  .join("\n");

/** Every `verifies("id"` and `verifiesWith("id", "carrier"` of the test files. */
const overApi = new Set([...sources.matchAll(/verifies\(\s*"([\w.-]+)"/g)].map((match) => match[1]));
const overOther = new Set(
  [...sources.matchAll(/verifiesWith\(\s*"([\w.-]+)",\s*"(cli|curl|mcp|tcp|unix)"/g)].map((match) => `${match[1]} ${match[2]}`),
);

/** What is named but not proven; a list for the test below, so that it can be seen to find something. */
export function unproven(rows: typeof requirements, api: ReadonlySet<string | undefined>, other: ReadonlySet<string>): string[] {
  return rows.flatMap(({ id, carriers, deferred }) => {
    if (deferred !== undefined) return [];
    const missing = carriers.filter((carrier) => !other.has(`${id} ${carrier}`) && (isOther(carrier) || !api.has(id)));
    // One proof is for all that a client speaks over.
    return [...new Set(missing.map((carrier) => `${id} ${isOther(carrier) ? carrier : "api"}`))];
  });
}

describe("the list of requirements", () => {
  it("has a proof for every row and carrier that is not deferred", () => {
    expect(unproven(requirements, overApi, overOther)).toEqual([]);
  });

  it("is cited by its ids only, and never where a row is deferred", () => {
    const known = new Set(requirements.filter((row) => row.deferred === undefined).map((row) => row.id));
    const cited = [...overApi, ...[...overOther].map((entry) => entry.split(" ")[0])];
    expect(cited.filter((id) => !known.has(id ?? ""))).toEqual([]);
  });

  it("has each id once", () => {
    expect(new Set(requirements.map((row) => row.id)).size).toBe(requirements.length);
  });

  it("would be found lacking if a proof were missing", () => {
    expect(unproven(requirements, new Set([...overApi].slice(1)), overOther)).toHaveLength(1);
    expect(unproven([{ id: "new", behavior: "", carriers: ["tcp", "cli"] }], overApi, overOther)).toEqual(["new api", "new cli"]);
  });
});
