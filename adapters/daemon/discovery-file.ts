import { rmSync } from "node:fs";
import { formatAddress } from "../../lib/address.js";
import { version } from "../../lib/index.js";
import { systemReader } from "../../lib/node/index.js";
import { replaceFile } from "../../lib/node/private-file.js";
import { type DaemonFile, readDaemonFile } from "../client/index.js";
import type { Home } from "./home.js";
import type { Listeners } from "./listeners.js";

/** Where and since when a daemon listens. */
export interface Whereabouts {
  readonly home: Home;
  readonly instance: string;
  readonly startedAt: string;
  readonly listeners: Listeners;
  /** True when clients find the token in the home folder. */
  readonly hasTokenFile: boolean;
}

/** Writes `daemon.json`, by which clients find us: information only, the lock says who is the daemon. */
export function writeDiscovery({ home, instance, startedAt, listeners, hasTokenFile }: Whereabouts): DaemonFile {
  const { addresses } = listeners;
  const tcp = addresses.find((address) => address.kind === "tcp");
  const socket = addresses.find((address) => address.kind === "unix")?.path;
  const reader = systemReader();
  const file: DaemonFile = {
    schema: 1,
    instance,
    pid: process.pid,
    start_ticks: reader.read(process.pid)?.startTicks ?? 0,
    boot_id: reader.bootId(),
    version,
    ...(tcp && { url: formatAddress(tcp) }),
    ...(socket !== undefined && { socket }),
    ...(hasTokenFile && { token_file: home.token }),
    log_file: home.log,
    started_at: startedAt,
  };
  replaceFile(home.discovery, `${JSON.stringify(file)}\n`);
  return file;
}

/** Removes the file, if it still speaks of this instance. */
export async function removeDiscovery(home: Home, instance: string): Promise<void> {
  if ((await readDaemonFile(home.discovery))?.instance === instance) rmSync(home.discovery, { force: true });
}
