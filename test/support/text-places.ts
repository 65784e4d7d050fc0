import * as z from "zod";
import type { Operation } from "../../lib/contract/operation.js";
import { operationSchemas } from "../../lib/contract/schemas.js";

interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | boolean;
}

/** A place of an operation's input where a caller may write any text. */
export interface TextPlace {
  /** As an issue names it: `question.options.0.title`. */
  readonly path: string;
  /** The input's member, with the text in its place and the least of what must be beside it. */
  readonly member: string;
  readonly value: (text: string) => unknown;
  /** What the rest of the input must be for this place. */
  readonly beside: Readonly<Record<string, unknown>>;
  /** Members that there may be. */
  readonly known: readonly string[];
}

type Found = Pick<TextPlace, "path" | "value">;

/** Every place for free text of an operation's input, drawn from its schema: a new member is among them by itself. */
export function textPlaces({ name }: Operation): TextPlace[] {
  return textPlacesOf(operationSchemas[name as keyof typeof operationSchemas].input);
}

/** The same of any schema of an object, or of several. */
export function textPlacesOf(schema: z.ZodType): TextPlace[] {
  return textPlacesOfShape(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

/** The same of a JSON schema. */
export function textPlacesOfShape(shape: object): TextPlace[] {
  return alternatives(shape).flatMap(({ properties = {} }) => {
    const beside = Object.fromEntries(
      Object.entries(properties).flatMap(([key, member]) => (member.const === undefined ? [] : [[key, member.const]])),
    );
    return Object.entries(properties).flatMap(([member, inner]) =>
      placesIn(inner, member).map((found) => ({ ...found, member, beside, known: Object.keys(properties) })),
    );
  });
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ?? shape.oneOf ?? [shape];
}

function placesIn(shape: Shape, path: string): Found[] {
  const found = alternatives(shape).flatMap((one): Found[] => {
    if (one.type === "string") return one.enum || one.const !== undefined ? [] : [{ path, value: (text) => text }];
    if (one.type === "array")
      return placesIn(one.items ?? {}, `${path}.0`).map(({ path: at, value }) => ({ path: at, value: (text) => [value(text)] }));
    if (one.type !== "object") return [];
    const members = Object.entries(one.properties ?? {}).flatMap(([name, member]) =>
      placesIn(member, `${path}.${name}`).map(({ path: at, value }) => ({
        path: at,
        value: (text: string) => ({ ...(leastOf(one) as object), [name]: value(text) }),
      })),
    );
    // A record of anything: a name and a value of it.
    const open: Found[] = one.additionalProperties
      ? [
          { path: `${path}.x`, value: (text) => ({ x: { deep: [text] } }) },
          { path, value: (text) => ({ [text]: 1 }) },
        ]
      : [];
    return [...members, ...open];
  });
  // One form of a text is enough where there are several.
  return found.filter((one, at) => found.findIndex(({ path: other }) => other === one.path) === at);
}

/** The least value of a shape. */
function leastOf(shape: Shape): unknown {
  const [one = {}] = alternatives(shape);
  if (one.const !== undefined) return one.const;
  if (one.enum) return one.enum[0];
  if (one.type === "array") return [leastOf(one.items ?? {})];
  if (one.type === "integer" || one.type === "number") return one.minimum ?? 1;
  if (one.type !== "object") return one.type === "string" ? "x" : true;
  return Object.fromEntries((one.required ?? []).map((name) => [name, leastOf(one.properties?.[name] ?? {})]));
}
