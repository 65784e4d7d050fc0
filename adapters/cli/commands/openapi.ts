import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { codeOf } from "../../../lib/thrown.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";

/** `anode openapi`: the OpenAPI document; needs no daemon. */
export const run: Command = async (line, { cwd, output }) => {
  const { openApiDocument } = await import("../../../lib/index.js");
  const document = openApiDocument();
  const path = line.text("out");
  if (path === undefined) output.json(document);
  else write(path, resolve(cwd, path), `${JSON.stringify(document, null, 2)}\n`);
  return 0;
};

function write(shown: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw misuse(`${shown} cannot be written: ${codeOf(error)}.`);
  }
}
