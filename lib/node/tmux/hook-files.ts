import { chmodSync, closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkedPaneId, type HookFile, type HookFiles, type Probe } from "../../index.js";
import { codeOf, messageOf } from "../../thrown.js";
import { replaceFile } from "../private-file.js";

const texts = ["peer_id", "display_name", "backend", "pane_id"] as const;
const optional = {
  agent_pid: "number",
  agent_started: "number",
  hook_pid: "number",
  hook_started: "number",
  peer_token: "string",
} as const;

/** {@link HookFiles} in a folder of ours: one file of mode 0600 for each pane. The folder is made when it is first needed. */
export function createHookFiles(folder: string): HookFiles {
  const pathOf = (paneId: string): string => join(folder, `pane-${checkedPaneId(paneId).slice(1)}.json`);
  const read = (paneId: string): Probe<HookFile> => {
    const path = pathOf(paneId);
    try {
      return { probe: "ok", found: parse(readPrivate(path)) };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return { probe: "fail" };
      return { probe: "unavailable", reason: messageOf(error) };
    }
  };
  return {
    read: async (paneId) => read(paneId),
    async write(file) {
      const path = pathOf(file.pane_id);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o700);
      replaceFile(path, JSON.stringify(file));
    },
    async remove(paneId, peerId) {
      const written = read(paneId);
      if (written.probe === "ok" && written.found.peer_id === peerId) rmSync(pathOf(paneId), { force: true });
    },
  };
}

/** A file is only trusted when nobody else could have written it. @throws when it is not there, or not ours alone */
function readPrivate(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) throw new Error(`${path} is not ours alone.`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function parse(text: string): HookFile {
  const value = JSON.parse(text) as Record<string, unknown>;
  const isWhole = texts.every((name) => typeof value[name] === "string");
  const isRight = Object.entries(optional).every(([name, type]) => value[name] === undefined || typeof value[name] === type);
  if (!isWhole || !isRight) throw new Error("It is not what hooks write down.");
  return value as unknown as HookFile;
}
