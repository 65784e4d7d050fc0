import { execFile } from "node:child_process";
import { isMainThread } from "node:worker_threads";
import { AnodeError, isAnodeError } from "../../errors.js";
import { codeOf } from "../../thrown.js";
import { createCgroupLevel, cgroupRoots } from "./levels/cgroup.js";
import { createGroupLevel } from "./levels/group.js";
import { levelNames, type Hidden, type Level, type LevelName } from "./levels/level.js";
import { createPidnsLevel, namespacedArgv } from "./levels/pidns.js";
import { systemReader } from "./process-reader.js";
import { createProcessTable, type ProcessTable } from "./process-table.js";

/** What one level gives on this system; `why` says what is missing. */
export type LevelReport = { readonly available: true } | { readonly available: false; readonly why: string };

/** Containment as it can be had, for status and doctor. */
export interface ContainmentReport {
  /** The level that `auto` means here. */
  readonly level: LevelName;
  readonly levels: Readonly<Record<LevelName, LevelReport>>;
}

/** The ways of containment of one store's runs. Each level is tried once, with a real child, when it is first wanted. */
export interface Containment {
  readonly storeId: string;
  readonly table: ProcessTable;
  /**
   * The level to start a run at; `auto` is `cgroup` where it can be had, else `group+cookie`, else `group`.
   * @throws `containment_unavailable` when the demanded level is not to be had
   */
  level(name: LevelName | "auto", hide?: Hidden): Promise<Level>;
  /** Tries every level. */
  report(): Promise<ContainmentReport>;
}

/** Settings of {@link createContainment}. */
export interface ContainmentOptions {
  /** Names the runs' owner in cookies and cgroups: letters, digits, `_` and `-`, at most 64. */
  readonly storeId: string;
  /** @defaultValue the process table of this system */
  readonly table?: ProcessTable;
}

/**
 * Makes the containment of one store.
 * @throws `invalid_request` for a store id of another form
 */
export function createContainment(options: ContainmentOptions): Containment {
  const { storeId, table = createProcessTable(systemReader()) } = options;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(storeId)) {
    throw new AnodeError(
      "invalid_request",
      `storeId must be 1 to 64 letters, digits, "_" or "-", got ${JSON.stringify(storeId.slice(0, 80))}.`,
    );
  }
  const probes = new Map<LevelName, Promise<Probe>>();
  const probe = (name: LevelName): Promise<Probe> => {
    const known = probes.get(name);
    if (known) return known;
    const found = tryLevel(name, table);
    probes.set(name, found);
    // What failed for want of descriptors or memory says nothing of the level: it is tried again.
    found.catch(() => probes.delete(name));
    return found;
  };
  const auto = async (): Promise<LevelName> => {
    if ((await probe("cgroup")).available) return "cgroup";
    return (await probe("group+cookie")).available ? "group+cookie" : "group";
  };

  return {
    storeId,
    table,
    async level(wanted, hide) {
      const name = wanted === "auto" ? await auto() : wanted;
      const found = await probe(name);
      if (!found.available) {
        throw new AnodeError("containment_unavailable", `Containment ${name} is not to be had here: ${found.why}.`, {
          details: { level: name },
        });
      }
      if (hide && name !== "pidns") {
        throw new AnodeError("containment_unavailable", `Only containment pidns can hide the home folder, not ${name}.`, {
          details: { level: name },
        });
      }
      if (name === "pidns") return createPidnsLevel(table, storeId, hide);
      if (name === "cgroup") return createCgroupLevel(table.reader, found.root ?? "", storeId);
      return createGroupLevel(table, storeId, name);
    },
    async report() {
      const found = await Promise.all(levelNames.map(async (name) => [name, await probe(name)] as const));
      const levels = Object.fromEntries(found.map(([name, { root: _root, ...level }]) => [name, level])) as Record<LevelName, LevelReport>;
      return { level: await auto(), levels };
    },
  };
}

type Probe = LevelReport & { readonly root?: string };

async function tryLevel(name: LevelName, table: ProcessTable): Promise<Probe> {
  if (process.platform === "win32") return missing("it needs a POSIX system");
  if (name === "group") return runs(["true"]);
  if (process.platform !== "linux") return missing("it needs Linux");
  if (name === "group+cookie") return table.reader.seesCookies ? runs(["true"]) : missing("/proc is not readable");
  if (name === "cgroup") return tryCgroups(table);
  // The kernel's notice of the starter's death follows the thread that started the child, not the process.
  if (!isMainThread) return missing("it must be started from the main thread");
  try {
    // Inside, the first process is our shell and the command has another number.
    return await runs(namespacedArgv(["/bin/sh", "-c", "grep -q kill /proc/1/cmdline && test $$ -ne 1"]));
  } catch (error) {
    if (isAnodeError(error)) throw error;
    return missing(error instanceof Error ? error.message : "a tool is missing");
  }
}

async function tryCgroups(table: ProcessTable): Promise<Probe> {
  let why = "there is no cgroup v2 hierarchy";
  for (const root of cgroupRoots()) {
    const level = createCgroupLevel(table.reader, root, `probe-${process.pid}`);
    try {
      const room = level.enclose("probe");
      const result = await runs(
        room.wrap([
          "sh",
          "-c",
          `grep -q /anode-probe-${process.pid}/probe /proc/self/cgroup && test -w "$0/cgroup.kill"`,
          `${root}/anode-probe-${process.pid}/probe`,
        ]),
      );
      room.release();
      if (result.available) return { ...result, root };
      why = result.why;
    } catch (error) {
      if (isAnodeError(error)) throw error;
      why = `${root} is not writable (${codeOf(error) ?? "error"})`;
    }
  }
  return missing(why);
}

function missing(why: string): Probe {
  return { available: false, why };
}

const shortages: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"]);

/** @throws `executor_unavailable` when the system has no room for another process now */
async function runs(argv: readonly string[]): Promise<Probe> {
  try {
    return await tryArgv(argv);
  } catch (error) {
    const code = codeOf(error);
    if (!shortages.has(code)) throw error;
    const detail = `No process can be started now (${String(code)}).`;
    throw new AnodeError("executor_unavailable", detail, { cause: error, retryAfterSeconds: 1 });
  }
}

/** True to life: the very start line, with a harmless command. */
function tryArgv(argv: readonly string[]): Promise<Probe> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = argv;
    execFile(file, args, { timeout: 5_000, killSignal: "SIGKILL", env: { PATH: process.env["PATH"] } }, (error, _out, stderr) => {
      if (!error) resolve({ available: true });
      else if (shortages.has(error.code)) reject(error);
      else resolve(missing((stderr.trim().split("\n").at(-1) || error.message.split("\n")[0] || "the probe failed").slice(0, 200)));
    });
  });
}
