import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as zod from "zod";
import { describe, expect, it } from "vitest";
import { operations } from "../../lib/contract/index.js";
import { newUser, programPath, type User } from "../support/program.js";

const hook = fileURLToPath(new URL("../support/tell-loaded.cjs", import.meta.url));

interface Loaded {
  readonly files: readonly string[];
  readonly builtins: readonly string[];
}

function told(text: string): Loaded {
  return JSON.parse(/^loaded (.*)$/m.exec(text)?.[1] ?? "null") as Loaded;
}

/** What a command has loaded when it ends. */
async function loadedBy(user: User, ...words: string[]): Promise<Loaded> {
  return told((await user.run(process.execPath, "--require", hook, programPath, ...words)).err);
}

/** What a daemon has loaded that does nothing but listen, and what it is asked. */
async function loadedByDaemon(user: User, ask?: () => Promise<void>): Promise<Loaded> {
  const daemon = spawn(process.execPath, ["--require", hook, programPath, "daemon"], { env: user.env, cwd: user.folder });
  let text = "";
  let asking: Promise<unknown> | undefined;
  daemon.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (!text.includes("listening on")) return;
    asking ??= Promise.resolve(ask?.()).finally(() => daemon.kill("SIGTERM"));
  });
  await once(daemon, "close");
  await asking;
  return told(text);
}

/** Modules of Node that take milliseconds to load, and that nothing needs before there is work for them. */
const dear = ["fs/promises", "http2", "https", "inspector", "readline", "tls", "zlib"];
const dearForDaemons = [...dear, "assert", "crypto", "internal/crypto/webcrypto"];
const dearForCommands = [...dearForDaemons, "child_process", "dns", "perf_hooks", "sqlite", "worker_threads"];

describe("What is loaded before anything is done", () => {
  it("is, for a command that asks nobody, the command line alone", async () => {
    const { files, builtins } = await loadedBy(newUser(), "--version");
    expect(files).toEqual(["anode.cjs", "program.cjs"]);
    expect(builtins.filter((name) => ["http", ...dearForCommands].includes(name))).toEqual([]);
  });

  it("is node:http beside it for a command that asks the daemon", async () => {
    const user = newUser();
    await user.anode("daemon", "--detach");
    const { files, builtins } = await loadedBy(user, "runs", "list");
    expect(files).toEqual(["anode.cjs", "program.cjs"]);
    expect(builtins).toContain("http");
    expect(builtins.filter((name) => dearForCommands.includes(name))).toEqual([]);
  });

  it("is, for a daemon, nothing of the agents, the schemas, the doctor and the other doors, at its second start no cryptography", async () => {
    const user = newUser();
    // The first makes the token.
    await loadedByDaemon(user);
    const { files, builtins } = await loadedByDaemon(user);
    expect(files).toEqual(["anode.cjs", "program.cjs", "daemon.cjs"]);
    expect(builtins).toContain("http");
    expect(builtins.filter((name) => dearForDaemons.includes(name))).toEqual([]);
  });

  it("is nothing more when the daemon has told its health, and the schemas with the first call that has an input", async () => {
    const user = newUser();
    await loadedByDaemon(user);
    const ask =
      (...words: string[]) =>
      async () =>
        void (await user.anode(...words));
    const told = await loadedByDaemon(user, ask("status"));
    expect(told.files).toEqual(["anode.cjs", "program.cjs", "daemon.cjs"]);
    const listed = await loadedByDaemon(user, ask("runs", "list"));
    expect(listed.files).toEqual(["anode.cjs", "program.cjs", "daemon.cjs", "zod.cjs"]);
  });

  it("has of zod all that the sources name", () => {
    const names = ["lib", "adapters"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .flatMap((name) => [...readFileSync(`${folder}/${name}`, "utf8").matchAll(/\bz\.(\w+)/g)].map(([, member = ""]) => member)),
    );
    // Types are named like values; `core`, `input` and `output` as types alone.
    const values = [...new Set(names)].filter((name) => name in zod && !["core", "input", "output", "ZodType", "ZodString"].includes(name));
    const file = createRequire(import.meta.url)(programPath.replace("anode.cjs", "zod.cjs")) as object;
    expect(values.length).toBeGreaterThan(20);
    expect(values.filter((name) => !(name in file))).toEqual([]);
  });

  it("judges no regular expressions of routes, since there are none", () => {
    expect(operations.flatMap(({ path, aliases }) => [path, ...aliases]).filter((path) => /[()*?\\]/.test(path))).toEqual([]);
  });

  it("keeps no module of the daemon apart in a function of its own, as one that is imported on demand would be", () => {
    // Such a function begins with these words; so do the modules of the few packages that are CommonJS.
    const apart = readFileSync(programPath.replace("anode.cjs", "daemon.cjs"), "utf8").split('"use strict";').length - 1;
    expect(apart).toBeLessThan(50);
  });

  it("holds no schemas in the command line, no tools of the agent in the daemon, and in neither what speaks WebSockets", () => {
    const filesWith = (words: string, ...files: string[]): string[] =>
      files.filter((name) => readFileSync(programPath.replace("anode.cjs", name), "utf8").includes(words));
    expect(filesWith("$ZodObject", ...readdirSync(dirname(programPath)))).toEqual(["zod.cjs"]);
    expect(filesWith("permessage-deflate", "program.cjs", "daemon.cjs", "peer-socket.cjs", "web-socket-server.cjs")).toEqual([
      "peer-socket.cjs",
      "web-socket-server.cjs",
    ]);
    // What a tool of the agent says of a glob.
    expect(filesWith("choices are written in braces", "program.cjs", "daemon.cjs", "agent.cjs")).toEqual(["agent.cjs"]);
  });
});
