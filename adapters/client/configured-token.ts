import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../../lib/node/home-folder.js";
import { isObject } from "../../lib/plain-object.js";

const largestFile = 1024 * 1024;

/**
 * `daemon.auth_token` of the configuration that a daemon of this home reads, in `$ANODE_CONFIG` or `<home>/config.json`: it stands in
 * place of the token file, and whoever may read it is its owner. `undefined` where there is none, or where a variable in it is not set.
 */
export function configuredToken(home: string, env: Environment): string | undefined {
  const places = [...(env["ANODE_CONFIG"] ? [resolve(env["ANODE_CONFIG"])] : []), join(home, "config.json")];
  for (const path of places) {
    const config = readConfig(path);
    if (config) return whole(config.daemon?.auth_token, env);
  }
  return undefined;
}

function readConfig(path: string): { readonly daemon?: { readonly auth_token?: unknown } } | undefined {
  try {
    const value: unknown = JSON.parse(readOwn(path));
    return isObject(value) ? value : undefined;
  } catch {
    // As the daemon does: what is not there or not valid is passed over.
    return undefined;
  }
}

/** @throws when it is not there, or somebody else could have written it */
function readOwn(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    const isOwn = process.getuid === undefined || ((stats.uid === process.getuid() || stats.uid === 0) && (stats.mode & 0o022) === 0);
    if (!stats.isFile() || !isOwn || stats.size > largestFile) throw new Error(`${path} is not believed.`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** The text with its `{env:NAME}` replaced. */
function whole(text: unknown, env: Environment): string | undefined {
  if (typeof text !== "string") return undefined;
  let isWhole = true;
  const token = text.replaceAll(/\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    isWhole &&= env[name] !== undefined;
    return env[name] ?? "";
  });
  return isWhole && token !== "" ? token : undefined;
}
