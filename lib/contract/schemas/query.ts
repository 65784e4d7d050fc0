import * as z from "zod";
import { later } from "../../later.js";
import { peerRef } from "../../peers/schema.js";

/** An integer in a body, or its decimal form in a query. */
export function integer(min: number, max: number) {
  const range = z.int().min(min).max(max);
  return z
    .union([
      range,
      z
        .string()
        .regex(/^\d{1,16}$/)
        .transform(Number)
        .pipe(range),
    ])
    .meta({ type: "integer", minimum: min, maximum: max });
}

/** A time. */
export const instant = later(() => z.iso.datetime("must be a time in UTC like 2026-11-22T09:00:00.000Z"));

/** A boolean, or `true`, `false`, `1`, `0` in a query. */
export const flag = later(() =>
  z
    .union([z.boolean(), z.enum(["true", "false", "1", "0"]).transform((text) => text === "true" || text === "1")])
    .meta({ type: "boolean" }),
);

/** One or several names: an array, a repeated query parameter, or a comma list. */
export function names<Values extends readonly [string, ...string[]]>(values: Values) {
  const list = z.array(z.enum(values)).min(1).max(64);
  const split = (given: string | string[]): string[] =>
    typeof given === "string" ? given.split(",") : given.flatMap((text) => text.split(","));
  // The document shows the values; that a text may hold several of them, with commas between, it leaves out.
  const name = z.string().meta({ enum: values });
  return z
    .union([name, z.array(name)])
    .transform(split)
    .pipe(list);
}

/** One or several texts that are not known beforehand, in the same spellings. */
export const words = later(() =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(",")))
    .pipe(z.array(word).min(1).max(64)),
);

/** Text of a path or a filter. */
export const word = later(() => z.string().min(1).max(256));

/** Which way something went, as the peer sees it. */
export const direction = later(() => z.enum(["inbound", "outbound", "both"]));

/** What the lists of asks and of messages have in common. */
export const meshList = () => ({
  peer_id: peerRef.exactOptional(),
  direction: direction.exactOptional(),
  since: instant.exactOptional(),
  limit: integer(1, 1000).exactOptional(),
  cursor: word.exactOptional(),
});

/** For a refinement: one of the ways to name something, and no more than one. */
export function exactlyOne(...names: readonly string[]) {
  return {
    check: (value: object): boolean => names.filter((name) => name in value).length === 1,
    params: {
      message: `${["", ...names.slice(1)].join(" or ").trim()} must be given, and only one of them`,
      path: [names[0] ?? ""],
      params: { issue: "conflict" },
    },
  };
}

export const byPeerOrPane = exactlyOne("peer_id", "pane_id");
