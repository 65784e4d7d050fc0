import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DaemonFile, readDaemonFile } from "../client/index.js";
import { homeOf } from "./home.js";
import type { DaemonOptions } from "./start-daemon.js";
import { type StartExit, StartRefused } from "./start-refused.js";

/** What a detached start takes: the flags of a daemon, but nothing that cannot be told on a command line. */
export interface DetachOptions extends Omit<DaemonOptions, "sqliteWorker" | "hookProgram" | "executors" | "profiles"> {
  /** The program's file, started with `daemon` and the flags. @defaultValue the one that runs */
  readonly program?: string;
  /** Milliseconds until it must be ready. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /** Hears each complaint of a daemon that starts all the same. */
  readonly onWarning?: (text: string) => void;
}

const roundMs = 25;

/**
 * Starts a daemon that outlives us and resolves when it is ready. Where another start was faster, and no flag says what is wanted, that
 * daemon will do.
 * @throws {@link StartRefused} with the exit status of the daemon and the end of what it said
 */
export async function detachDaemon(options: DetachOptions = {}): Promise<DaemonFile> {
  const { env = process.env, timeoutMs = 10_000 } = options;
  const home = homeOf(options.home === undefined ? env : { ...env, ANODE_HOME: options.home });
  const folder = mkdtempSync(join(tmpdir(), "anode-start-"));
  const said = join(folder, "stderr");
  const flags = toArguments(options);
  const child = launch(options, flags, said);
  try {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await pause()) {
      const found = await readDaemonFile(home.discovery);
      const isOther = child.exitCode === 75 && flags.length === 0;
      if (found && (found.pid === child.pid || isOther) && (await answers(found))) {
        for (const [, text = ""] of tailOf(said).matchAll(/^anode: (.*)$/gm)) options.onWarning?.(text);
        return found;
      }
      if (hasEnded(child) && !isOther) throw failed(child.exitCode ?? 1, said, home.log);
    }
    child.kill("SIGTERM");
    throw failed(child.exitCode ?? 1, said, home.log, `it was not ready within ${timeoutMs} ms`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function launch(
  { env = process.env, home, cwd, program = process.argv[1] }: DetachOptions,
  flags: readonly string[],
  said: string,
): ChildProcess {
  // A file, not a pipe: a pipe would break under the daemon when we are gone.
  const stderr = openSync(said, "wx", 0o600);
  try {
    const child = spawn(process.execPath, [...process.execArgv, program ?? "", "daemon", ...flags], {
      ...(cwd !== undefined && { cwd }),
      env: { ...env, ...(home !== undefined && { ANODE_HOME: home }) },
      detached: true,
      stdio: ["ignore", "ignore", stderr],
    });
    child.unref();
    return child;
  } finally {
    closeSync(stderr);
  }
}

function toArguments({ addr = [], port, noTcp, dangerouslyAllowRemote, store, logLevel }: DetachOptions): string[] {
  return [
    ...addr.flatMap((text) => ["--addr", text]),
    ...(port === undefined ? [] : ["--port", String(port)]),
    ...(noTcp ? ["--no-tcp"] : []),
    ...(dangerouslyAllowRemote ? ["--dangerously-allow-remote"] : []),
    ...(store === undefined ? [] : ["--store", store]),
    ...(logLevel === undefined ? [] : ["--log-level", logLevel]),
  ];
}

/** True once the daemon answers that it is ready, or that it wants a token we were not given: it serves either way. */
function answers({ socket, url }: DaemonFile): Promise<boolean> {
  return new Promise((resolve) => {
    const target = socket === undefined ? { ...(url !== undefined && urlParts(url)) } : { socketPath: socket };
    const request = get({ ...target, path: "/ready", agent: false, timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 || response.statusCode === 401);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", () => resolve(false));
  });
}

function urlParts(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

const shownLines = 20;

function failed(code: number, said: string, log: string, why = `it ended with ${code}`): StartRefused {
  const tail = tailOf(said) || tailOf(log);
  const exit: StartExit = ([2, 74, 75, 78] as const).find((known) => known === code) ?? 1;
  return new StartRefused(exit, `The daemon did not start: ${why}.${tail && `\n${tail.replaceAll(/^anode: /gm, "")}`}`);
}

function tailOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-shownLines).join("\n");
  } catch {
    return "";
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, roundMs);
  });
}
