import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type DaemonOptions, type Home, homeOf, type RunningDaemon, startDaemon } from "../../adapters/daemon/index.js";
import { endSurvivors } from "./process-tree.js";
import { sourceArguments, sourceWorker } from "./sqlite.js";

/** The daemon as a program, from its source. */
export const daemonProgram = fileURLToPath(new URL("./daemon-program.ts", import.meta.url));

/** A place for one daemon: a home that is not there yet, and a folder to work in. All that bears its path is ended at the end. */
export function daemonPlace(): { readonly home: Home; readonly cwd: string; readonly env: Record<string, string> } {
  const root = mkdtempSync(join(tmpdir(), "anode-daemon-"));
  chmodSync(root, 0o700);
  const cwd = join(root, "work");
  mkdirSync(cwd);
  onTestFinished(() => {
    endSurvivors(root);
    rmSync(root, { recursive: true, force: true });
  });
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, ANODE_HOME: join(root, "home") };
  return { home: homeOf(env), cwd, env };
}

/** A daemon in this process, with the real SQLite store; closed when the test ends. */
export async function daemonHere(place: ReturnType<typeof daemonPlace>, options: DaemonOptions = {}): Promise<RunningDaemon> {
  const daemon = await startDaemon({ env: place.env, cwd: place.cwd, sqliteWorker: sourceWorker(), ...options });
  onTestFinished(() => daemon.close());
  return daemon;
}

/** A daemon as a process of its own. */
export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it said so far. */
  said(): string;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when it listens, or has ended. */
  readonly listens: Promise<void>;
}

/** Starts a daemon as a process of its own, behind the words that are to come before its command; ended by force when the test ends. */
export function daemonProcess(
  place: ReturnType<typeof daemonPlace>,
  flags: readonly string[] = [],
  wrap: readonly string[] = [],
): DaemonProcess {
  const [command = "", ...words] = [...wrap, process.execPath, ...sourceArguments, daemonProgram, "daemon", ...flags];
  const child = spawn(command, words, {
    cwd: place.cwd,
    env: place.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  const listening = Promise.withResolvers<void>();
  child.stderr.on("data", (chunk) => {
    text += String(chunk);
    // The socket and the port: two lines, unless something else was asked for.
    if (text.split("listening on").length > (flags.length > 0 ? 1 : 2)) listening.resolve();
  });
  const ended = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")));
  void ended.then(() => listening.resolve());
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, pid: child.pid ?? 0, said: () => text, ended, listens: listening.promise };
}

/** An answer, with its body as JSON where it is some. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of every shape
  readonly json: any;
}

/** A call that has no whole answer yet: it waits in vain, and nobody has cut it off. */
export class Unanswered extends Error {}

/** Longer than any call is held: that of a question is for 55 s. */
const longestCallMs = 58_000;

/**
 * One call, as curl makes it: to a socket path or a URL. Without a method it is a GET, or a POST where there is a body.
 * @throws `Unanswered` after `withinMs`
 */
export function call(
  target: string,
  path: string,
  options: { method?: string; body?: unknown; token?: string; headers?: Record<string, string>; withinMs?: number } = {},
): Promise<Answer> {
  const { body, token, withinMs = longestCallMs } = options;
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  const at = target.startsWith("/") ? { socketPath: target } : { host: new URL(target).hostname, port: new URL(target).port };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...at,
        path,
        agent: false,
        method,
        headers: {
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...options.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          const isJson = /json/.test(response.headers["content-type"] ?? "");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            bytes,
            json: isJson ? JSON.parse(text) : undefined,
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    const late = setTimeout(() => {
      reject(new Unanswered(`${method} ${path} was not answered within ${withinMs} ms`));
      outgoing.destroy();
    }, withinMs);
    outgoing.once("close", () => clearTimeout(late));
  });
}

/** Looks again until the value is there. */
export async function eventually<T>(look: () => Promise<T | undefined | false> | T | undefined | false, timeoutMs = 10_000): Promise<T> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error("It never came.");
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
