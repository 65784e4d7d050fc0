import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../../lib/limits.js";
import { type Concealment, type PreviewCursor, Previews } from "../../../lib/runs/previews.js";

const envelope = { run_id: "R-1", status: "running", time: "2026-01-02T03:04:05.678Z" };
const open: Concealment = { redact: (value) => value, heldFrom: (text) => text.length };
const make = (part: object = {}, concealment = open) => new Previews({ ...defaultLimits, ...part }, concealment);
const delta = (offset: number, text: string, message_id = "m1") => ({ message_id, offset, text });

/** A reader as the rule for clients says: keep `offset` units of what there is, then append. */
function reader(previews: Previews) {
  const cursor: PreviewCursor = new Map();
  const texts = new Map<string, string>();
  return {
    texts,
    text: (id = "m1") => texts.get(id),
    look() {
      const taken = previews.take(cursor, envelope);
      for (const { payload } of taken) {
        const id = String(payload["message_id"] ?? payload["call_id"]);
        texts.set(id, (texts.get(id) ?? "").slice(0, Number(payload["offset"])) + String(payload["text"]));
      }
      return taken;
    },
  };
}

describe("Previews", () => {
  it("gives a reader what was added since it last looked, as one preview", () => {
    const previews = make();
    const { look } = reader(previews);
    previews.add("assistant.delta", delta(0, "Hel"));
    expect(look()).toEqual([{ ...envelope, type: "assistant.delta", payload: { message_id: "m1", offset: 0, text: "Hel" } }]);
    previews.add("assistant.delta", delta(3, "lo"));
    previews.add("assistant.delta", delta(5, "!"));
    expect(look().map(({ payload }) => payload)).toEqual([{ message_id: "m1", offset: 3, text: "lo!" }]);
    expect(look()).toEqual([]);
  });

  it("show no secret and no beginning of one, whatever pieces it comes in, and go on behind it", () => {
    const concealment = {
      redact: <Value extends object>(value: Value) => JSON.parse(JSON.stringify(value).replaceAll("sesame", "[it]")) as Value,
      heldFrom: (text: string) => /(?:s(?:e(?:s(?:a(?:me?)?)?)?)?)$/.exec(text.replaceAll("sesame", "......"))?.index ?? text.length,
    };
    const said = "say sesame, then seesesame!";
    for (let first = 0; first <= said.length; first += 1)
      for (let second = first; second <= said.length; second += 1) {
        const previews = make({}, concealment);
        const { look, text } = reader(previews);
        for (const [from, to] of [
          [0, first],
          [first, second],
          [second, said.length],
        ] as const) {
          previews.add("assistant.delta", delta(from, said.slice(from, to)));
          look();
          expect("say [it], then see[it]!".startsWith(text() ?? "")).toBe(true);
        }
        expect(text()).toBe("say [it], then see[it]!");
        // Tried again from the middle of the secret: readers start over.
        previews.add("assistant.delta", delta(6, "x"));
        look();
        expect(text()).toBe("say sex");
      }
  });

  it("gives a late reader the text so far, from offset 0", () => {
    const previews = make();
    previews.add("assistant.delta", delta(0, "Hello"));
    reader(previews).look();
    previews.add("assistant.delta", delta(5, " you"));
    expect(
      reader(previews)
        .look()
        .map(({ payload }) => payload),
    ).toEqual([{ message_id: "m1", offset: 0, text: "Hello you" }]);
  });

  it("replaces what a smaller offset takes back, for whoever has seen it", () => {
    const previews = make();
    const { look, text } = reader(previews);
    previews.add("assistant.delta", delta(0, "Hello wrold"));
    look();
    previews.add("assistant.delta", delta(6, "world"));
    look();
    expect(text()).toBe("Hello world");
  });

  it("leads every reader to the same text, whenever each of them looks", () => {
    const moves = fc.array(
      fc.oneof(
        fc.record({ offset: fc.nat(12), text: fc.string({ maxLength: 4 }) }),
        fc.nat(1).map((index) => ({ look: index })),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(moves, (list) => {
        const previews = make();
        const readers = [reader(previews), reader(previews)];
        let text = "";
        for (const move of list) {
          if ("look" in move) readers[move.look]?.look();
          else {
            const offset = Math.min(move.offset, text.length);
            text = text.slice(0, offset) + move.text;
            previews.add("assistant.delta", delta(offset, move.text));
          }
        }
        for (const one of readers) {
          one.look();
          expect(one.text() ?? "").toBe(text);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("keeps messages, kinds and streams of a call apart", () => {
    const previews = make();
    previews.add("assistant.delta", delta(0, "a"));
    previews.add("reasoning.delta", delta(0, "b"));
    previews.add("tool.delta", { call_id: "c1", stream: "stdout", offset: 0, text: "c" });
    previews.add("tool.delta", { call_id: "c1", stream: "stderr", offset: 0, text: "d" });
    expect(
      reader(previews)
        .look()
        .map(({ payload }) => payload["text"]),
    ).toEqual(["a", "b", "c", "d"]);
  });

  it("shows nothing more of a message whose record event is there", () => {
    const previews = make();
    const { look } = reader(previews);
    previews.add("assistant.delta", delta(0, "Hello"));
    previews.add("assistant.delta", delta(0, "other", "m2"));
    previews.finish("assistant.message", { message_id: "m1", text: "Hello" });
    expect(look().map(({ payload }) => payload["message_id"])).toEqual(["m2"]);
    previews.finish("assistant.message", { text: "of nobody" });
    previews.finish("assistant.message", { message_id: 5 });
    expect(reader(previews).look()).toHaveLength(1);
  });

  it("holds at most 16 growing texts, and has room again when one has ended", () => {
    const previews = make();
    for (let n = 1; n <= 17; n += 1) expect(previews.add("assistant.delta", delta(0, "x", `m${n}`))).toBe(n <= 16);
    expect(reader(previews).look()).toHaveLength(16);
    previews.finish("assistant.message", { message_id: "m3" });
    expect(previews.add("assistant.delta", delta(0, "x", "m18"))).toBe(true);
  });

  it("stops at a text that is too long, until its record event", () => {
    const previews = make({ previewBytes: 10 });
    const { look } = reader(previews);
    expect(previews.add("assistant.delta", delta(0, "x".repeat(10)))).toBe(true);
    look();
    expect(previews.add("assistant.delta", delta(10, "y"))).toBe(false);
    expect(previews.add("assistant.delta", delta(0, "short"))).toBe(false);
    expect([look(), reader(previews).look()]).toEqual([[], []]);
  });

  it.each([
    { offset: 0, text: "x" },
    { message_id: 1, offset: 0, text: "x" },
    { message_id: "m", offset: 0 },
    { message_id: "m", offset: 0, text: 5 },
  ])("takes no notice of %j", (payload) => {
    const previews = make();
    expect(previews.add("assistant.delta", payload)).toBe(false);
    expect(reader(previews).look()).toEqual([]);
  });

  it("goes on with a call's output after an event of the call that is not its result", () => {
    const previews = make();
    const { look, text } = reader(previews);
    previews.add("tool.delta", { call_id: "c1", offset: 0, text: "abc" });
    look();
    previews.finish("tool.updated", { call_id: "c1", title: "Running" });
    previews.add("tool.delta", { call_id: "c1", offset: 3, text: "def" });
    look();
    expect(text("c1")).toBe("abcdef");
  });

  it("shows nothing of a text whose beginning it does not have", () => {
    const previews = make({ previews: 1 });
    previews.add("assistant.delta", delta(0, "x", "m1"));
    previews.add("assistant.delta", delta(0, "Hello", "m2"));
    previews.finish("assistant.message", { message_id: "m1" });
    previews.add("assistant.delta", delta(5, " you", "m2"));
    expect(reader(previews).look()).toEqual([]);
  });

  it("never shows a preview of a message after its record event", () => {
    const previews = make();
    previews.add("assistant.delta", delta(0, "Hel"));
    previews.finish("assistant.message", { message_id: "m1", text: "Hello" });
    expect(previews.add("assistant.delta", delta(3, "lo"))).toBe(false);
  });
});
