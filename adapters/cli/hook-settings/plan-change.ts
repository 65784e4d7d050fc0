import { realpathSync } from "node:fs";
import { AnodeError } from "../../../lib/errors.js";
import { type CommandLine, misuse } from "../command-line.js";
import type { Context } from "../context.js";
import { entriesIn, withEntries, withoutEntries } from "./hook-entries.js";
import { pluginMark } from "./opencode-plugin.js";
import { type RuntimeSettings, runtimeSettings, type SettingsScope } from "./runtime-settings.js";
import type { SettingsRequest } from "./settings-request.js";
import { readSettings, writeSettings } from "./settings-file.js";

/** A settings file as it is and as it is to be; absent texts are files that are not there. */
export interface SettingsChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** A runtime's settings as a command line names them. @throws `invalid_request` */
export function settingsOf(line: CommandLine): {
  readonly backend: string;
  readonly settings: RuntimeSettings;
  readonly scope: SettingsScope;
} {
  const backend = line.words[0] ?? "";
  const settings = Object.hasOwn(runtimeSettings, backend) ? runtimeSettings[backend] : undefined;
  if (!settings) throw misuse(`The backend must be one of ${Object.keys(runtimeSettings).join(", ")}, got ${backend || "nothing"}.`);
  return { backend, settings, scope: scopeOf(line) };
}

/** @throws `invalid_request` */
export function scopeOf(line: CommandLine): SettingsScope {
  const scope = line.text("scope") ?? "user";
  if (scope === "user" || scope === "project") return scope;
  throw misuse(`--scope must be user or project, got ${scope}.`);
}

/** What a settings file becomes; without a request what we put in is taken out. @throws `invalid_request` naming the file */
export function planChange(settings: RuntimeSettings, path: string, request: SettingsRequest | undefined): SettingsChange {
  const before = readSettings(path);
  if (settings.kind === "file") {
    if (before !== undefined && !before.startsWith(pluginMark)) throw unusable(path, "it is not ours, and is left as it is");
    return { path, before, after: request && settings.text(request) };
  }
  try {
    if (request) return { path, before, after: withEntries(before, settings.entries(request)) };
    return { path, before, after: before === undefined ? undefined : withoutEntries(before) };
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable(path, error.message);
    throw error;
  }
}

/** Makes a change, or shows it. */
export async function makeChange({ path, before, after }: SettingsChange, line: CommandLine, { output }: Context): Promise<number> {
  if (before === after) {
    output.note(`${path} is already as it should be`);
    return 0;
  }
  if (line.has("dry-run")) {
    const { patchOf } = await import("./patch.js");
    output.data(patchOf(path, before, after));
    return 0;
  }
  writeSettings(path, after);
  output.note(after === undefined ? `${path} is removed: nothing else was in it` : `${path} is written`);
  return 0;
}

/** The events that have a hook of ours in a settings file. @throws `invalid_request` naming the file */
export function installedIn(settings: RuntimeSettings, path: string): readonly { readonly event: string; readonly command: string }[] {
  const text = readSettings(path);
  if (text === undefined) return [];
  if (settings.kind === "file") return text.startsWith(pluginMark) ? [{ event: "plugin", command: path }] : [];
  try {
    return entriesIn(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable(path, error.message);
    throw error;
  }
}

/** By absolute paths, that of the program behind all links: what leads to it may go. */
export function ownProgram(): Pick<SettingsRequest, "node" | "program"> {
  const [node, program = ""] = [process.execPath, process.argv[1]];
  return { node, program: realpathSync(program) };
}

function unusable(path: string, why: string): AnodeError {
  return new AnodeError("invalid_request", `${path} must be settings in JSON: ${why}.`);
}
