import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { type Home, homeOf } from "../../../adapters/daemon/index.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import { daemonProgram } from "../../support/daemon.js";
import { endSurvivors, survivors } from "../../support/process-tree.js";
import { programPath } from "../../support/program.js";
import { sourceArguments } from "../../support/sqlite.js";

/** A home for daemons that come and go; all processes that bear its path are its own. */
export interface Place {
  readonly root: string;
  readonly home: Home;
  readonly env: Readonly<Record<string, string>>;
  /** Ends what is left there and takes it away. */
  remove(): void;
}

/** Those of trials that were given up are taken away at the end. */
const places = new Set<Place>();
afterAll(() => {
  for (const place of places) place.remove();
});

/** A new place. */
export function newPlace(config?: object): Place {
  const root = mkdtempSync(join(tmpdir(), "anode-crash-"));
  chmodSync(root, 0o700);
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, ANODE_HOME: join(root, "home") };
  const home = homeOf(env);
  if (config) {
    mkdirSync(home.path, { mode: 0o700 });
    writeFileSync(home.config, JSON.stringify(config), { mode: 0o600 });
  }
  const remove = (): void => {
    places.delete(place);
    endSurvivors(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  const place = { root, home, env, remove };
  places.add(place);
  return place;
}

/** A daemon as a program of its own. */
export interface Daemon {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly said: () => string;
  /** Exit status or signal. */
  readonly ended: Promise<number | string>;
  /** Milliseconds until it listened; -1 when it ended first. Rejects, with what it said, when it has done neither in a minute. */
  readonly listensAfterMs: Promise<number>;
  kill(): Promise<void>;
}

/** How a daemon is started. */
export interface StartOptions {
  /** A planted bug: then the daemon runs from its sources. */
  readonly bug?: string | undefined;
  /** Put before the command. */
  readonly wrap?: readonly string[];
  readonly flags?: readonly string[];
}

/** What daemons with a planted bug compiled, for the next one. */
const compiled = mkdtempSync(join(tmpdir(), "anode-compiled-"));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));
const mutants = fileURLToPath(new URL("./store-daemon-mutant.ts", import.meta.url));

const longestStartMs = 60_000;

/** Starts the built program. */
export function startProgram({ root, env }: Place, { bug, wrap = [], flags = ["--no-tcp"] }: StartOptions = {}): Daemon {
  const program = bug === undefined ? [programPath] : [...sourceArguments, "--import", mutants, daemonProgram];
  const [command = "", ...words] = [...wrap, process.execPath, ...program, "daemon", ...flags];
  const from = performance.now();
  const child = spawn(command, words, {
    cwd: root,
    env: { ...env, ...(bug !== undefined && { PLANTED_BUG: bug, NODE_COMPILE_CACHE: compiled }) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  const listening = Promise.withResolvers<number>();
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("listening on")) listening.resolve(performance.now() - from);
  });
  const ended = new Promise<number | string>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? "")));
  const overdue = setTimeout(() => listening.reject(new Error(`The daemon neither listens nor ends: ${text}`)), longestStartMs);
  void ended.then(() => listening.resolve(-1));
  listening.promise.catch(() => {}).finally(() => clearTimeout(overdue));
  return {
    child,
    pid: child.pid ?? 0,
    said: () => text,
    ended,
    listensAfterMs: listening.promise,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Processes of the place that were there before the daemon: nobody's any more. */
export function leftovers({ root }: Place, { pid }: Daemon): string[] {
  const bornAt = startTicks(pid);
  if (bornAt === undefined) return [];
  return [...survivors(root)].flatMap(([other, line]) => {
    const ticks = startTicks(other);
    return other !== pid && ticks !== undefined && ticks < bornAt ? [`process ${other} is left: ${line.slice(0, 120)}`] : [];
  });
}

/** When a process began, in ticks since the machine did. */
export function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

/** Follows a run until the daemon is gone or the run has ended; `seen` gets each event as it comes. */
export function follow(socketPath: string, id: string, seen: (event: StreamEvent) => void): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request(
      { socketPath, path: `/runs/${id}/events`, agent: false, headers: { Accept: "application/x-ndjson" } },
      (response) => {
        let rest = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          const lines = `${rest}${chunk}`.split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const event = line === "" ? undefined : (JSON.parse(line) as Partial<StreamEvent>);
            if (event?.seq !== undefined) seen(event as StreamEvent);
          }
        });
        response.on("close", () => resolve());
        response.on("error", () => resolve());
      },
    );
    outgoing.on("error", () => resolve());
    outgoing.end();
  });
}
