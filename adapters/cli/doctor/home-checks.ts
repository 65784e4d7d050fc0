import { existsSync, lstatSync } from "node:fs";
import { complaintAbout, homeOf, readToken } from "../../daemon/index.js";
import { type Check, fail, type Finding, ok, skip } from "./finding.js";

/** The home folder and what lies in it: only we may use them. */
export const homeChecks: readonly Check[] = [
  { name: "home", find: ({ env }) => privacyOf(homeOf(env).path, "folder") },
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
      const found = lstatSync(socket, { throwIfNoEntry: false });
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
