import { Worker } from "node:worker_threads";
import { type AnodeError, type Host, type Limits, type Store, systemHost, Tokens } from "../../lib/index.js";
import { acquireLock, type Lock } from "../../lib/node/index.js";
import type { Environment } from "../../lib/node/home-folder.js";
import { type Home, openHome } from "./home.js";
import { watchHome } from "./home-watch.js";
import { type LogFile, type LogLevel, openLog } from "./log.js";
import { openStore, type StoreChoice } from "./open-store.js";
import { createRedaction, type Redaction, secretsOf } from "./redaction.js";
import { refusedByStore, StartRefused } from "./start-refused.js";
import { openRootToken, type RootToken } from "./token-file.js";
import { beginStart, type Starts } from "./unclean-starts.js";
import type { Undo } from "./undo.js";

/** What lies on the disk and is ours alone while we live. */
export interface Ground {
  /** Names this life of the daemon. */
  readonly instance: string;
  readonly host: Host;
  readonly log: LogFile;
  readonly redaction: Redaction;
  readonly starts: Starts;
  readonly root: RootToken;
  readonly store: Store;
  readonly storeId: string;
  readonly tokens: Tokens;
}

/** What the ground is laid with. */
export interface GroundOptions {
  readonly home: Home;
  readonly env: Environment;
  readonly authToken: string | undefined;
  readonly logLevel: LogLevel;
  readonly storeChoice: StoreChoice;
  readonly sqliteWorker: Worker | URL | string | undefined;
  readonly limits: Limits;
  /** True once the daemon ends in order. */
  readonly endsInOrder: () => boolean;
  /** Called when the store or the home is lost. */
  readonly onFailed: (error: AnodeError) => void;
}

/**
 * Opens home folder, log, lock, token and store, in this order; what was opened is left to `undo`.
 * @throws {@link StartRefused}; `store_unsafe_version`
 */
export async function layGround(options: GroundOptions, undo: Undo): Promise<Ground> {
  const { home, sqliteWorker } = options;
  if (sqliteWorker instanceof Worker) undo.add(() => sqliteWorker.terminate());
  openHome(home);
  const redaction = createRedaction();
  redaction.add(secretsOf(options.env));
  const log = openLog({ path: home.log, level: options.logLevel, redact: redaction.text });
  undo.add(() => log.close());
  const host: Host = { ...systemHost, log: log.write };

  const held = lock(home.lock);
  undo.add(() => held.release());
  undo.add(watchHome(home.lock, host, options.onFailed));
  const starts = beginStart(home.starts, host.clock.now());
  undo.add(() => (options.endsInOrder() ? starts.markClean() : undefined));
  const root = openRootToken({ path: home.token, host, configured: options.authToken });
  undo.add(() => root.close());
  redaction.add({ token: root.secrets()[0] ?? "" });

  const { storeChoice: choice, limits, onFailed } = options;
  const { store, storeId } = await openStore({ choice, home, limits, host, sqliteWorker, onFailed });
  undo.add(() => store.close());
  const tokens = new Tokens(store, host, limits);
  undo.add(() => tokens.close());
  await tokens.open();
  // Whoever deletes the token file wants nothing to hold that was made with its token.
  if (root.isNew) await tokens.clear();
  return { instance: held.token, host, log, redaction, starts, root, store, storeId, tokens };
}

/** @throws {@link StartRefused} 75 naming the owner, 78 on a network file system */
function lock(path: string): Lock {
  try {
    return acquireLock(path);
  } catch (error) {
    const refused = refusedByStore(error, path);
    if (!(refused instanceof StartRefused) || refused.exit !== 75) throw refused;
    throw new StartRefused(75, `${refused.message} \`anode daemon stop\` ends it.`, { cause: error });
  }
}
