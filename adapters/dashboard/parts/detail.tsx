import type { JSX } from "preact";
import { lineOf } from "../run-row.js";
import { visibleJson } from "../visible-text.js";
import { Block, Text } from "./text.js";

const longest = 200;

/** What goes with a stage: in a line where it is short, else as it is. */
export function Detail({ of: detail, label }: { readonly of: Readonly<Record<string, unknown>>; readonly label: string }): JSX.Element {
  const line = Object.entries(detail)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${lineOf(value)}`)
    .join(", ");
  const isShort = line.length <= longest && !line.includes("\n");
  return isShort ? <Text of={line} /> : <Block of={visibleJson(detail)} label={label} />;
}
