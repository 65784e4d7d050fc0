import { lstatSync, type Stats } from "node:fs";

/** What is wrong with a path that must be private, and the command that repairs it. */
export interface Complaint {
  readonly problem: string;
  readonly repair: string;
}

/** What is wrong with a folder or file that only we may use; `undefined` when nothing is. It is not followed if it is a link. */
export function complaintAbout(path: string, kind: "folder" | "file"): Complaint | undefined {
  const quoted = shellQuoted(path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found)
    return { problem: `${path} must exist.`, repair: kind === "folder" ? `mkdir -m 700 ${quoted}` : `install -m 600 /dev/null ${quoted}` };
  if (found.isSymbolicLink()) return { problem: `${path} must be a ${kind}, it is a symbolic link.`, repair: `rm ${quoted}` };
  if (kind === "folder" ? !found.isDirectory() : !found.isFile()) return { problem: `${path} must be a ${kind}.`, repair: `rm ${quoted}` };
  if (!isOurs(found))
    return {
      problem: `${path} must belong to user ${process.getuid?.()}, it belongs to ${found.uid}.`,
      repair: `sudo chown ${process.getuid?.()} ${quoted}`,
    };
  const mode = found.mode & 0o777;
  // A folder without our own rights is of no use; a file may be narrower than 0600.
  if (kind === "folder" ? mode === 0o700 : (mode & 0o077) === 0) return undefined;
  const wanted = kind === "folder" ? "0700" : "0600";
  return {
    problem: `${path} must have mode ${wanted}, it has 0${mode.toString(8).padStart(3, "0")}.`,
    repair: `chmod ${wanted.slice(1)} ${quoted}`,
  };
}

/** True for what belongs to the user of this process; everything does where there are no users. */
export function isOurs(found: Pick<Stats, "uid">): boolean {
  return process.getuid === undefined || found.uid === process.getuid();
}

function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
