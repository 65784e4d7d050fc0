import { expect, it } from "vitest";
import * as z from "zod";
import { parseWith } from "../../lib/parse.js";

const told = (schema: z.ZodType, value: unknown): string => {
  try {
    parseWith(schema, value);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

it("a bound of one is one item, one character", () => {
  const schema = z.strictObject({ list: z.array(z.string()).min(1).max(2), text: z.string().min(1).max(2) });
  expect(told(schema, { list: [], text: "a" })).toBe("list must have at least 1 item.");
  expect(told(schema, { list: ["a", "b", "c"], text: "a" })).toBe("list must have at most 2 items.");
  expect(told(schema, { list: ["a"], text: "" })).toBe("text must have at least 1 character.");
});
