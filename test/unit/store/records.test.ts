import { describe, expect, it } from "vitest";
import { Records } from "../../../lib/store/records.js";

interface Item {
  readonly text: string;
}

describe("Records", () => {
  it("are as they were when a step is refused: the record, and the revision that the next put counts on", () => {
    const records = new Records<Item>("things");
    const first = { text: "first" };
    records.put("a", first);
    const refused = [records.put("a", { text: "second" }), records.put("a", { text: "third" }), records.put("b", { text: "new" })];
    records.undo(refused);
    expect(records.get("a")).toBe(first);
    expect([...records.values()]).toEqual([first]);
    expect(records.put("a", { text: "fourth" }).expectedRevision).toBe(1);
    expect(records.put("b", { text: "again" }).expectedRevision).toBe(0);
  });

  it("leave alone what others put in the same step", () => {
    const records = new Records<Item>("things");
    records.put("a", { text: "own" });
    const others = new Records<Item>("others").put("a", { text: "other" });
    records.undo([others, { collection: "things", id: "a", record: {}, expectedRevision: 0 }]);
    expect(records.get("a")).toEqual({ text: "own" });
  });

  it("put nothing into the store but what a put is", () => {
    const records = new Records<Item>("things");
    records.put("a", { text: "before" });
    const put = records.put("a", { text: "now" });
    expect(JSON.parse(JSON.stringify(put))).toEqual({ collection: "things", id: "a", record: { text: "now" }, expectedRevision: 1 });
  });
});
