import { describe, expect, it } from "vitest";
import { formatMembers, formatTable, shorten } from "../../../adapters/cli/table.js";

describe("formatTable", () => {
  it("puts two spaces between columns and pads all but the last", () => {
    expect(
      formatTable(
        ["ID", "STATUS", "PROMPT"],
        [
          ["R-1", "completed", "a"],
          ["R-22", "failed", "bb"],
        ],
      ),
    ).toBe("ID    STATUS     PROMPT\nR-1   completed  a\nR-22  failed     bb\n");
  });

  it("prints the header alone for no rows, and no trailing spaces", () => {
    expect(formatTable(["ID", "LABEL"], [])).toBe("ID  LABEL\n");
    expect(formatTable(["ID", "LABEL"], [["R-1", ""]])).toBe("ID   LABEL\nR-1\n");
  });

  it("keeps a cell on its line", () => {
    expect(formatTable(["A", "B"], [["x\n\ty", "  z\r\n"]])).toBe("A    B\nx y  z\n");
  });

  it("measures a control character as it will be shown", () => {
    expect(
      formatTable(
        ["A", "B"],
        [
          ["\u001b", "x"],
          ["123456", "y"],
        ],
      ),
    ).toBe("A       B\n\u001b  x\n123456  y\n");
  });
});

describe("formatMembers", () => {
  it("aligns values, writes objects as JSON and leaves out what is unknown", () => {
    expect(formatMembers({ id: "R-1", status: undefined, usage: { input_tokens: 1 }, last_seq: 3 })).toBe(
      'id        R-1\nusage     {"input_tokens":1}\nlast_seq  3\n',
    );
  });
});

describe("shorten", () => {
  it("marks the end of what it cut, counting characters and not their halves", () => {
    expect(shorten("👍".repeat(5), 5)).toBe("👍".repeat(5));
    expect(shorten("👍".repeat(6), 5)).toBe(`${"👍".repeat(4)}…`);
  });
});
