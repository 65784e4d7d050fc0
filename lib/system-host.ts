import type { Host } from "./host.js";

/** RFC 3339, UTC, milliseconds, `Z`: the one form of time on the wire. */
export function formatTime(unixMs: number): string {
  if (unixMs !== lastMs) {
    lastMs = unixMs;
    lastText = new Date(unixMs).toISOString();
  }
  return lastText;
}

// Many events share a millisecond; formatting is the dearest part of stamping one.
let lastMs = Number.NaN;
let lastText = "";

/** Unix milliseconds of a time on the wire; `NaN` when it is not one. */
export function parseTime(text: string): number {
  return Date.parse(text);
}

let digest: Host["digest"] | undefined;

/**
 * Where Node is, its one-shot hash: the web's way is a job for a thread pool, twenty times the work for a short text. Looked up when
 * it is first used, since loading it is a tenth of the time that a short command takes.
 */
function digestHere(): Host["digest"] {
  const hash = globalThis.process?.getBuiltinModule?.("node:crypto")?.hash;
  return hash ? (text) => Promise.resolve(hash("sha256", text, "hex")) : webDigest;
}

/** SHA-256 of bytes, or of the UTF-8 text, as hex, the way every runtime has it. */
export async function webDigest(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The default {@link Host}, on web globals only: runs in Node, browsers, Deno, Bun and workers. It logs nothing. */
export const systemHost: Host = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    schedule(task, delayMs) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  randomId(bytes) {
    let raw = "";
    for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) raw += String.fromCharCode(byte);
    return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },
  log: () => {},
  digest: (text) => (digest ??= digestHere())(text),
};
