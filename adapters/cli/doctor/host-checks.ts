import { isSafeSqlite } from "../../../lib/node/index.js";
import { type Check, fail, ok } from "./finding.js";

const neededNode = [22, 13] as const;

/** The machine: Node.js and its SQLite. */
export const hostChecks: readonly Check[] = [
  {
    name: "node",
    find() {
      const { node } = process.versions;
      const [major = 0, minor = 0] = node.split(".").map(Number);
      const isNew = major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1]);
      return isNew ? ok(`${node} on ${process.platform}`) : fail(`${node}; needed is ${neededNode.join(".")} or newer`);
    },
  },
  {
    name: "sqlite",
    find() {
      const version = process.versions["sqlite"] ?? "none";
      return isSafeSqlite(version)
        ? ok(version)
        : fail(`${version} can lose committed data; Node.js 22.22.3, 24.15.0 and 26.0.0 carry a safe one`);
    },
  },
];
