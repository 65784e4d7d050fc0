import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/reliability.md"), "utf8");

/** The parts that must hold under each fault. */
const required: Readonly<Record<string, string>> = {
  F1: "S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13",
  F2: "S1 S2 S5 S8 S9 S11 S12",
  F3: "S1 S2 S8 S11 S12",
  F4: "S1 S2 S6 S7 S8 S9 S10 S11 S12",
  F5: "S1 S2 S3 S6 S7 S8 S10 S13",
  F6: "S1 S2 S8 S9 S11 S12",
  F7: "S1 S11 S12",
  F8: "S3 S4 S6 S7 S8 S9 S10",
  F9: "S6 S7 S8 S13",
  F10: "S8 S9 S10",
  F11: "S1 S3 S4 S5 S7 S8 S10 S11 S13",
  F12: "S3 S4 S10 S11 S13",
  F14: "S1 S3 S4 S5 S6 S11 S12",
  F15: "S5 S8",
  F16: "S3 S4 S6 S11 S12",
  F17: "S1 S8 S9 S12 S13",
  F18: "S1 S3 S4 S6",
};
const cells = Object.entries(required).flatMap(([fault, parts]) => parts.split(" ").map((part) => `${fault} ${part}`));

/** Every row of a table whose first columns are faults and parts. */
function rowsOf(text: string): { readonly cells: string[]; readonly says: string }[] {
  const rows = [...text.matchAll(/^\| (F\d+(?:, F\d+)*) \| (S\d+(?:, S\d+)*) \| (.*) \|$/gm)];
  return rows.map(([, faults = "", parts = "", says = ""]) => ({
    cells: faults.split(", ").flatMap((fault) => parts.split(", ").map((part) => `${fault} ${part}`)),
    says,
  }));
}

/** What does not fit together in the matrix of a document. */
function faultsOf(text: string): string[] {
  const rows = rowsOf(text);
  const told = rows.flatMap((row) => row.cells);
  const missing = cells.filter((cell) => !told.includes(cell)).map((cell) => `${cell} is missing`);
  const twice = told.filter((cell, at) => told.indexOf(cell) !== at).map((cell) => `${cell} is there twice`);
  const unproven = rows.flatMap(({ says }) => {
    const [, file, title = ""] = /^`([^`]+)`: (.*)$/.exec(says) ?? [];
    if (file === undefined) return says.length > 10 ? [] : [`"${says}" is no reason`];
    const path = join(root, "test", `${file}.test.ts`);
    if (!existsSync(path)) return [`${file} is not there`];
    return readFileSync(path, "utf8").includes(`"${title}"`) ? [] : [`${file} has no test "${title}"`];
  });
  return [...missing, ...twice, ...unproven];
}

describe("the fault matrix", () => {
  it("has a proof that is there, or a reason, for every cell", () => {
    expect(faultsOf(document)).toEqual([]);
  });

  it("would be found wanting with a row less, a row more, a test that is gone or another name", () => {
    const row = /^\| F15 \| S5 \|.*\n/m.exec(document)?.[0] ?? "";
    expect(row).not.toBe("");
    expect(faultsOf(document.replace(row, ""))).toEqual(["F15 S5 is missing"]);
    expect(faultsOf(document.replace(row, row + row))).toEqual(["F15 S5 is there twice"]);
    expect(faultsOf(document.replace("`fault/process-truth`: that never", "`fault/process-lies`: that never"))).toEqual([
      "fault/process-lies is not there",
    ]);
    expect(faultsOf(document.replace(": that never began", ": that always began"))).toHaveLength(1);
  });
});
