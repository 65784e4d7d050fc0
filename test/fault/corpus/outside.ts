import { createRequire } from "node:module";
import { join } from "node:path";

const folder = process.env["ANODE_TEST_CORPORA"];

/** What a package of other people's cases exports, where `ANODE_TEST_CORPORA` names a folder into which it was installed. */
export function outside<Cases>(name: string): Cases | undefined {
  return folder === undefined ? undefined : (createRequire(join(folder, "package.json"))(name) as Cases);
}
