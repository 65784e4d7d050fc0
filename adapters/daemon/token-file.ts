import { createHash, timingSafeEqual } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { AnodeError, type CancelTimer, type Host } from "../../lib/index.js";
import { createFile, replaceFile } from "../../lib/node/private-file.js";
import { complaintAbout } from "./private-path.js";
import { StartRefused } from "./start-refused.js";

/** The credential that has every scope: the first-launch token, or the configured one. */
export interface RootToken {
  /** True when there was no token file: whatever hung on the one before is void. */
  readonly isNew: boolean;
  /** True when the token comes from the configuration and is therefore required on TCP. */
  readonly isConfigured: boolean;
  /** For the token, or one that was replaced and still has its grace: the signal that aborts when it ends; else `undefined`. */
  verify(text: string): AbortSignal | undefined;
  /**
   * Replaces the token in its file; the old one holds for `graceMs` more.
   * @throws `token_configured`
   */
  rotate(graceMs: number): void;
  /** The tokens that hold now; to be kept out of events and logs. */
  secrets(): readonly string[];
  /** Stops waiting for the ends of replaced tokens. */
  close(): void;
}

/** What a root token is made of. */
export interface RootTokenOptions {
  readonly path: string;
  readonly host: Pick<Host, "clock" | "randomId">;
  /** `daemon.auth_token`: then there is no file. */
  readonly configured?: string | undefined;
}

const form = /^anode_[A-Za-z0-9_-]{43}$/;

/**
 * Reads the token file, making it at the first launch.
 * @throws {@link StartRefused} 78 for a link, another owner, a wider mode or other content
 */
export function openRootToken({ path, host, configured }: RootTokenOptions): RootToken {
  const isConfigured = configured !== undefined;
  const isNew = !isConfigured && createFile(path, () => `${newToken(host)}\n`);
  let current = heldToken(configured ?? readToken(path));
  const replaced = new Set<HeldToken>();

  function replace(next: string, graceMs: number): void {
    const old = current;
    current = heldToken(next);
    replaced.add(old);
    old.cancelEnd = host.clock.schedule(() => {
      replaced.delete(old);
      old.ended.abort();
    }, graceMs);
  }

  return {
    isNew,
    isConfigured,
    verify: (text) => [current, ...replaced].find((token) => isSame(token.text, text))?.ended.signal,
    rotate(graceMs) {
      if (isConfigured) throw new AnodeError("token_configured", "The token comes from the configuration: change daemon.auth_token there.");
      const next = newToken(host);
      replaceFile(path, `${next}\n`, { kept: "durable" });
      replace(next, graceMs);
    },
    secrets: () => [current, ...replaced].map((token) => token.text),
    close() {
      for (const token of replaced) token.cancelEnd();
    },
  };
}

interface HeldToken {
  readonly text: string;
  readonly ended: AbortController;
  cancelEnd: CancelTimer;
}

function heldToken(text: string): HeldToken {
  return { text, ended: new AbortController(), cancelEnd: () => {} };
}

/**
 * The token in the file.
 * @throws {@link StartRefused} 78 for a file that is not private, or holds something else
 */
export function readToken(path: string): string {
  if (!lstatSync(path, { throwIfNoEntry: false }))
    throw new StartRefused(78, `There is no token at ${path} yet: the first \`anode daemon\` makes it.`);
  const complaint = complaintAbout(path, "file");
  if (complaint) throw new StartRefused(78, complaint.problem, { repair: complaint.repair });
  const text = readFileSync(path, "utf8").trim();
  if (form.test(text)) return text;
  throw new StartRefused(78, `${path} must hold a token of the form anode_…, it holds something else.`, { repair: `rm ${path}` });
}

function newToken(host: Pick<Host, "randomId">): string {
  return `anode_${host.randomId(32)}`;
}

/** Compares digests, so that neither length nor content shows in the time it takes; an empty token matches nothing. */
function isSame(token: string, text: string): boolean {
  return timingSafeEqual(digest(token), digest(text)) && text !== "";
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
