import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
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

/** What a daemon has loaded that does nothing but listen. */
async function loadedByDaemon(user: User): Promise<Loaded> {
  const daemon = spawn(process.execPath, ["--require", hook, programPath, "daemon"], { env: user.env, cwd: user.folder });
  let text = "";
  daemon.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (part.includes("listening on")) daemon.kill("SIGTERM");
  });
  await once(daemon, "close");
  return told(text);
}

/** Modules of Node that take milliseconds to load, and that nothing needs before there is work for them. */
const dear = ["fs/promises", "http2", "https", "inspector", "readline", "tls", "zlib"];
const dearForCommands = [...dear, "assert", "child_process", "crypto", "dns", "perf_hooks", "sqlite", "worker_threads"];

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

  it("is, for a daemon, nothing of the agents, the doctor and the other doors", async () => {
    const { files, builtins } = await loadedByDaemon(newUser());
    expect(files).toEqual(["anode.cjs", "program.cjs", "daemon.cjs"]);
    expect(builtins.filter((name) => dear.includes(name))).toEqual([]);
  });

  it("keeps no module of the daemon apart in a function of its own, as one that is imported on demand would be", () => {
    // Such a function begins with these words; so do the modules of the few packages that are CommonJS.
    const apart = readFileSync(programPath.replace("anode.cjs", "daemon.cjs"), "utf8").split('"use strict";').length - 1;
    expect(apart).toBeLessThan(50);
  });

  it("holds no schemas in the command line, no tools of the agent in the daemon, and in neither what speaks WebSockets", () => {
    const filesWith = (words: string, ...files: string[]): string[] =>
      files.filter((name) => readFileSync(programPath.replace("anode.cjs", name), "utf8").includes(words));
    expect(filesWith("$ZodObject", "program.cjs", "daemon.cjs")).toEqual(["daemon.cjs"]);
    expect(filesWith("permessage-deflate", "program.cjs", "daemon.cjs", "peer-socket.cjs", "web-socket-server.cjs")).toEqual([
      "peer-socket.cjs",
      "web-socket-server.cjs",
    ]);
    // What a tool of the agent says of a glob.
    expect(filesWith("choices are written in braces", "program.cjs", "daemon.cjs", "agent.cjs")).toEqual(["agent.cjs"]);
  });
});
