#!/usr/bin/env node
// What `anode` starts: a few lines, so that the compile cache is on before the program is read.
const { enableCompileCache } = require("node:module") as typeof import("node:module");
const { lstatSync } = require("node:fs") as typeof import("node:fs");
const { homedir } = require("node:os") as typeof import("node:os");
const { join } = require("node:path") as typeof import("node:path");

const neededNode = "22.13";

if (isOlder(process.versions.node, neededNode)) {
  process.stderr.write(`anode: needs Node.js ${neededNode} or newer, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  useCompileCache();
  require("./program.cjs");
}

/** Cached code is code: it is read only from a home folder that nobody else can write. Before there is one, nothing is cached. */
function useCompileCache(): void {
  const home = process.env["ANODE_HOME"] || join(homedir(), ".config", "anode");
  if (isPrivateFolder(home)) enableCompileCache(join(home, "compile-cache"));
}

function isPrivateFolder(path: string): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  } catch {
    // Whatever is wrong with it, the program says so.
    return false;
  }
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = than.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
