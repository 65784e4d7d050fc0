import { closeSync, fchmodSync, lstatSync, openSync, readFileSync, realpathSync, rmSync, statfsSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { AnodeError } from "../../errors.js";
import { constants } from "node:os";
import { codeOf } from "../../thrown.js";

/**
 * Makes sure that `path` is a regular file of a local file system, creating it empty with mode 0600.
 * A file that exists is not opened: closing a second descriptor would drop the locks this process holds on it.
 * @throws `store_failed` with `details.reason` `unsafe_path` or `network_file_system`
 */
export function ensureLocalFile(path: string): void {
  const folder = realpathSync(dirname(path));
  const network = networkFileSystem(mounts(), folder);
  if (network !== undefined) {
    throw refused(
      "network_file_system",
      `${path} must be on a local file system, ${folder} is on ${network}, whose locks cannot be trusted.`,
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) createEmpty(path);
  else if (!found.isFile()) throw refused("unsafe_path", `${path} must be a regular file, it is ${kindOf(found)}.`);
  // The lock and the log lie beside a name: by another one the same file would be opened a second time.
  else if (found.nlink > 1) throw refused("unsafe_path", `${path} must be the only name of its file, it has ${found.nlink} (hard links).`);
}

const networkTypes = new Set([
  "nfs",
  "nfs4",
  "cifs",
  "smb2",
  "smb3",
  "smbfs",
  "afs",
  "ceph",
  "lustre",
  "glusterfs",
  "fuse.sshfs",
  "fuse.glusterfs",
]);

/** Type of the network file system that holds `folder`, by the text of `/proc/self/mountinfo`; undefined for a local one. */
export function networkFileSystem(mountinfo: string, folder: string): string | undefined {
  let best = { point: "", type: "" };
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const point = (before.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const holds = point === "/" || folder === point || folder.startsWith(`${point}/`);
    // The last of two mounts on one point hides the earlier one.
    if (point !== "" && holds && point.length >= best.point.length) best = { point, type: after.split(" ")[0] ?? "" };
  }
  return networkTypes.has(best.type) ? best.type : undefined;
}

/** Writes a little into the folder and takes it away again; the error code of the system, or undefined when it worked. */
export function probeWrite(folder: string): string | undefined {
  const path = join(folder, `.anode-probe-${process.pid}`);
  try {
    const file = openSync(path, "w", 0o600);
    try {
      writeSync(file, Buffer.alloc(65_536));
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    const { code = "unknown", errno } = error as NodeJS.ErrnoException;
    // Node.js has no name for a quota that is used up.
    return errno === -constants.errno.EDQUOT ? "EDQUOT" : code;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Bytes that are free for us in a folder's file system; 0 where nobody says. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function mounts(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    // Only Linux has it.
    return "";
  }
}

function createEmpty(path: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    // The umask may have taken our own rights away.
    fchmodSync(file, 0o600);
    closeSync(file);
  } catch (error) {
    // Another starter was faster; the lock decides between us.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function kindOf(found: { isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean }): string {
  if (found.isDirectory()) return "a folder";
  if (found.isSymbolicLink()) return "a symbolic link";
  return found.isFIFO() ? "a FIFO" : "a device or socket";
}

function refused(reason: string, message: string): AnodeError {
  return new AnodeError("store_failed", message, { details: { reason } });
}
