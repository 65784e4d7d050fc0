import { accessSync, constants, existsSync, lstatSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "../../../lib/thrown.js";
import { complaintAbout, homeOf, readToken } from "../../daemon/index.js";
import { type Check, fail, type Finding, ok, skip } from "./finding.js";

/** The home folder and what lies in it: only we may use them. */
export const homeChecks: readonly Check[] = [
  { name: "home", find: ({ env }) => unwritable(homeOf(env).path) ?? privacyOf(homeOf(env).path, "folder") },
  { name: "state", find: ({ env }) => privacyOf(homeOf(env).state, "folder") },
  {
    name: "token",
    find({ env }) {
      const { token } = homeOf(env);
      if (!existsSync(token)) return skip("not made yet");
      readToken(token);
      return ok(token);
    },
  },
  {
    name: "socket",
    find({ env }) {
      const { socket } = homeOf(env);
      // Where the home folder is none, that is told there.
      const found = isFolder(dirname(socket)) && lstatSync(socket, { throwIfNoEntry: false });
      if (!found) return skip("not open");
      const mode = found.mode & 0o777;
      if (!found.isSocket() || found.uid !== process.getuid?.()) return fail(`${socket} must be a socket of ours`);
      return mode === 0o600 ? ok(socket) : fail(`${socket} must have mode 0600, it has 0${mode.toString(8)}`);
    },
  },
];

function privacyOf(path: string, kind: "folder" | "file"): Finding {
  if (!existsSync(path)) return skip(`${path} is not made yet`);
  const complaint = complaintAbout(path, kind);
  return complaint ? fail(`${complaint.problem} Repair it with: ${complaint.repair}`) : ok(path);
}

const leastBytes = 1 << 20;

/** Why nothing can be written into the folder, or into what is there of the way to it. */
function unwritable(path: string, isOnTheWay = false): Finding | undefined {
  if (!existsSync(path) && path !== dirname(path)) return unwritable(dirname(path), true);
  if (!isFolder(path)) return isOnTheWay ? fail(`${path} must be a folder; set ANODE_HOME to another`) : undefined;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail(`${path} cannot be written (${codeOf(error)}); set ANODE_HOME to a folder that can`);
  }
  const { bavail, bsize } = statfsSync(path);
  if (bavail * bsize >= leastBytes) return undefined;
  return fail(`the disk of ${path} has ${bavail * bsize} bytes left; free some, or set ANODE_HOME to a folder elsewhere`);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
