import { expect, test, vi } from "vitest";
import * as z from "zod";
import { later } from "../../lib/later.js";
import { parseWith } from "../../lib/parse.js";

test("nothing is built before it is looked at, and then once", () => {
  const build = vi.fn<() => z.ZodObject>(() => z.strictObject({ id: z.string() }));
  const schema = later(build);
  const outer = later(() => z.array(schema));
  expect(build).not.toHaveBeenCalled();
  expect(parseWith(outer, [{ id: "1" }])).toEqual([{ id: "1" }]);
  expect(parseWith(schema, { id: "2" })).toEqual({ id: "2" });
  expect(build).toHaveBeenCalledTimes(1);
});

test("a schema that comes later is known by its class, its members and its JSON schema", () => {
  const schema = later(() => z.strictObject({ id: z.string() }));
  expect(schema).toBeInstanceOf(z.ZodObject);
  expect("shape" in schema).toBe(true);
  expect(z.toJSONSchema(z.strictObject({ inner: schema.exactOptional() }))).toEqual(
    z.toJSONSchema(z.strictObject({ inner: z.strictObject({ id: z.string() }).exactOptional() })),
  );
});
