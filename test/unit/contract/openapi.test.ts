import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openApiDocument } from "../../../lib/contract/document.js";
import { toOpenApi } from "../../../lib/contract/openapi.js";
import { runOrigin, runStatus } from "../../../lib/runs/schema.js";
import { operations, row } from "../http/fixtures.js";

interface Described {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean }[];
  requestBody?: { content: Record<string, { schema: { properties: Record<string, unknown>; required?: string[] } }> };
  responses: Record<string, { content?: Record<string, { schema?: Record<string, unknown> }> }>;
  security: unknown[];
}
type Paths = Record<string, Record<string, Described>>;

const tree: z.ZodType = z.strictObject({ name: z.string(), children: z.array(z.lazy(() => tree)) });
const schemas = {
  "runs.start": {
    input: z.strictObject({ prompt: z.string(), label: z.string().exactOptional(), tree }),
    output: z.strictObject({ run_id: z.string() }),
  },
  "runs.list": {
    input: z.strictObject({ limit: z.coerce.number().int().exactOptional(), status: z.string().exactOptional() }),
    output: tree,
  },
  "runs.input": { input: z.strictObject({ id: z.string(), text: z.string() }) },
};
const document = toOpenApi(
  [...operations, row({ name: "x", method: "GET", path: "/x", aliases: ["/y/{id}"], codes: ["run_not_found", "queue_full"] })],
  schemas,
  "1.2.3",
);
const paths = document["paths"] as Paths;

describe("toOpenApi", () => {
  it("describes every operation once, and again at its aliases", () => {
    expect([document["openapi"], document["info"]]).toEqual(["3.1.0", { title: "anode-daemon", version: "1.2.3" }]);
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((described) => described.operationId));
    expect(ids.toSorted()).toEqual([...operations.map((operation) => operation.name), "x", "x.1"].toSorted());
  });

  it("splits an input into path, query and body", () => {
    expect(paths["/runs"]?.["get"]?.parameters?.map(({ name, in: place, required }) => [name, place, required])).toEqual([
      ["limit", "query", false],
      ["status", "query", false],
    ]);
    const input = paths["/runs/{id}/input"]?.["post"];
    expect(input?.parameters?.map(({ name, in: place, required }) => [name, place, required])).toEqual([["id", "path", true]]);
    const body = input?.requestBody?.content["application/json"]?.schema;
    expect([Object.keys(body?.properties ?? {}), body?.required]).toEqual([["text"], ["text"]]);
  });

  it("leads every reference to a component", () => {
    const text = JSON.stringify(document);
    const components = (document["components"] as { schemas: Record<string, unknown> }).schemas;
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map((match) => match[1] as string);
    expect(references.length).toBeGreaterThan(2);
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\//);
      expect(components).toHaveProperty([reference.slice("#/components/schemas/".length)]);
    }
    expect(text).not.toContain("$defs");
  });

  it("gathers the codes of a status and names the problem document", () => {
    expect(Object.keys(paths["/x"]?.["get"]?.responses ?? {})).toEqual(["200", "404", "429", "default"]);
    expect(paths["/x"]?.["get"]?.responses["404"]?.content).toHaveProperty(["application/problem+json"]);
  });

  it("says which operations are open to all and which keep idempotency", () => {
    expect(paths["/health"]?.["get"]?.security).toEqual([]);
    expect(paths["/runs"]?.["get"]?.security).toEqual([{ bearer: [] }]);
    expect(paths["/runs"]?.["post"]?.parameters?.map(({ name }) => name)).toEqual(["Idempotency-Key"]);
  });

  it("offers a stream reply in its forms", () => {
    expect(Object.keys(paths["/runs/{id}/events"]?.["get"]?.responses["200"]?.content ?? {})).toEqual([
      "text/event-stream",
      "application/x-ndjson",
      "application/json",
    ]);
  });
});

describe("openApiDocument", () => {
  it("lists the values of a run's status and origin, as a filter and in what comes back", () => {
    const list = (openApiDocument()["paths"] as Paths)["/runs"]?.["get"];
    const filter = (wanted: string) => (list?.parameters?.find(({ name }) => name === wanted) as { schema?: unknown } | undefined)?.schema;
    const oneOf = (...values: string[]) => ({ type: "string", enum: values });
    const oneOrMore = (...values: string[]) => ({ anyOf: [oneOf(...values), { type: "array", items: oneOf(...values) }] });
    expect(filter("status")).toEqual(oneOrMore("active", "terminal", ...runStatus.options));
    expect(filter("origin")).toEqual(oneOrMore(...runOrigin.options));
    expect(list?.responses["200"]?.content?.["application/json"]?.schema).toMatchObject({
      properties: { runs: { items: { properties: { status: oneOf(...runStatus.options), origin: oneOf(...runOrigin.options) } } } },
    });
  });
});
