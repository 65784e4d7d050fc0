import type { Worker } from "node:worker_threads";
import {
  type AnodeError,
  type Executor,
  formatTime,
  type Profile,
  resolveLimits,
  type Mesh,
  type RunManager,
  type Tokens,
} from "../../lib/index.js";
import { createPaneHookStart, findPanes } from "../../lib/node/index.js";
import { formatAddress } from "../../lib/address.js";
import { type Environment, userHome } from "../../lib/node/home-folder.js";
import { createAgentMesh } from "./agent-mesh.js";
import { planAddresses, type PlannedAddress } from "./addresses.js";
import { configuredLimits } from "./configured-limits.js";
import { loadConfig, type LoadedConfig } from "./config.js";
import { descriptorLimit, fitted } from "./descriptors.js";
import { removeDiscovery, writeDiscovery } from "./discovery-file.js";
import { openMesh } from "./open-mesh.js";
import { openFaces } from "./faces.js";
import { type Ground, layGround } from "./ground.js";
import { type Home, homeOf } from "./home.js";
import { type Kernel, openKernel } from "./kernel.js";
import { lastPort, rememberPort } from "./last-port.js";
import type { Listeners } from "./listeners.js";
import type { LogLevel } from "./log.js";
import { openAttachments } from "./open-attachments.js";
import { parseStore, type StoreChoice } from "./open-store.js";
import { refusedSetting } from "./start-refused.js";
import { createUndo, type Undo } from "./undo.js";

/** What a daemon can be told; flags override the configuration. */
export interface DaemonOptions {
  /** @defaultValue the environment of this process */
  readonly env?: Environment;
  /** The home folder. @defaultValue `$ANODE_HOME`, else `~/.config/anode` */
  readonly home?: string;
  /** Where relative paths begin, and where runs work that name no folder. @defaultValue the folder of this process */
  readonly cwd?: string;
  /** Exactly these addresses; else the default socket and loopback TCP. */
  readonly addr?: readonly string[];
  readonly port?: number;
  readonly noTcp?: boolean;
  readonly dangerouslyAllowRemote?: boolean;
  /** `memory`, `sqlite` or `sqlite:<path>`. @defaultValue "sqlite" */
  readonly store?: string;
  /** @defaultValue "info" */
  readonly logLevel?: LogLevel;
  /** File of the program that is started to hold the socket of a peer in a pane. @defaultValue none: panes are not linked */
  readonly hookProgram?: string;
  /** Folder of the dashboard's built files. @defaultValue none: there are no pages */
  readonly dashboard?: string;
  /** A started worker of the SQLite store, or its file. */
  readonly sqliteWorker?: Worker | URL | string;
  /** Further executors by name. */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** Laid over the profiles of the configuration. */
  readonly profiles?: Readonly<Record<string, Profile>>;
}

/** A daemon that answers. */
export interface RunningDaemon {
  readonly home: Home;
  readonly instance: string;
  readonly storeId: string;
  /** Socket paths and URLs. */
  readonly addresses: readonly string[];
  /** What of the configuration does not count, and why. */
  readonly warnings: readonly string[];
  readonly manager: RunManager;
  readonly mesh: Mesh;
  readonly tokens: Tokens;
  /** Time that runs have to finish once a shutdown has begun, in milliseconds. */
  readonly drainMs: number;
  /** Time that a shutdown may take beyond it. */
  readonly shutdownMs: number;
  /** Settles, with why, when the store or the home is lost; the daemon is of no use then. */
  readonly failed: Promise<AnodeError>;
  reopenLog(): void;
  /** Ends the processes of all runs at once. */
  killRuns(): Promise<void>;
  /** Ends in order: no new runs, the others end or are interrupted, streams close, files go. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a daemon: configuration, home folder, locks, token, store, recovery, admission, listeners, and last the file by which
 * clients find it. Whatever was opened is closed again when a step fails.
 * @throws {@link StartRefused} with its exit status; `invalid_request` for an option; `store_unsafe_version`
 */
export async function startDaemon(options: DaemonOptions = {}): Promise<RunningDaemon> {
  const { env = process.env, cwd = process.cwd() } = options;
  const home = homeOf(options.home === undefined ? env : { ...env, ANODE_HOME: options.home });
  const loaded = loadConfig({ env, home, cwd });
  const undo = createUndo();
  try {
    return await start({ options, env, cwd, home, loaded }, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

interface Surroundings {
  readonly options: DaemonOptions;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: Home;
  readonly loaded: LoadedConfig;
}

async function start(surroundings: Surroundings, undo: Undo): Promise<RunningDaemon> {
  const { options, env, cwd, home, loaded } = surroundings;
  const plan = planned(surroundings);
  const descriptors = descriptorLimit();
  const config = fromConfig(() => fitted(loaded.config, descriptors, plan.length));
  const { daemon = {} } = config;
  const limits = resolveLimits(configuredLimits(config));
  const storeChoice = chosenStore(surroundings);
  const port = Promise.withResolvers<number | undefined>();
  const failed = Promise.withResolvers<AnodeError>();
  const opened = Promise.withResolvers<Mesh | undefined>();
  let endsInOrder = false;

  const ground = await layGround(
    {
      home,
      env,
      authToken: daemon.auth_token,
      logLevel: options.logLevel ?? daemon.log_level ?? "info",
      storeChoice,
      sqliteWorker: options.sqliteWorker,
      limits,
      endsInOrder: () => endsInOrder,
      onFailed: failed.resolve,
    },
    undo,
  );
  for (const text of loaded.warnings) ground.host.log("warn", "config.warning", { text });
  if (config !== loaded.config) {
    const { connections, webSockets: web_sockets } = limits;
    ground.host.log("warn", "descriptors.few", { descriptors, concurrency: daemon.concurrency, connections, web_sockets });
  }
  const { executors = {}, profiles = {} } = options;
  const kernel = await openKernel({
    ground,
    config,
    env,
    cwd,
    home: home.path,
    limits,
    port: port.promise,
    // What is hidden must be there, and the sockets are opened after the first runs may have started.
    hide: () => port.promise.then(() => ({ home: home.path, sockets: socketsOutside(plan, home) })),
    onFailed: failed.resolve,
    mesh: createAgentMesh(opened.promise),
    executors,
    profiles,
  });
  undo.add(() => kernel.manager.close());
  undo.add(() => port.resolve(undefined));
  undo.add(() => opened.resolve(undefined));
  if (ground.starts.isPaused) undo.add(resumeWhenLifted(ground, kernel));
  const { hookProgram: program } = options;
  const startHook = program === undefined ? undefined : createPaneHookStart({ program, env, home: home.path });
  const { agents } = loaded.config;
  const beside = { agents, backend: findPanes({ env }), ...(startHook && { startHook }) };
  // Mesh and attachments look into each other, and neither before both are there.
  const mesh: Mesh = await openMesh({ ground, kernel, home, attachments: () => attachments, ...beside });
  undo.add(() => mesh.close());
  opened.resolve(mesh);
  const attachments = await openAttachments({ ground, kernel, mesh, home, storeChoice, limits }, undo);
  const firstFrameAuth = loaded.config.mesh?.ws_first_frame_auth ?? false;
  const faces = { ground, kernel, attachments, mesh, daemon, plan, limits, firstFrameAuth, dashboard: options.dashboard };
  const listeners = await openFaces(faces, undo);
  port.resolve(listeners.port);
  announce(surroundings, ground, listeners, undo);

  const drainMs = daemon.shutdown_drain_ms ?? 0;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ground.host.log("info", "daemon.stopping");
    listeners.stop();
    await kernel.manager.close({ drainMs });
    endsInOrder = kernel.manager.state === "closed" && !hasFailed;
    await undo.run();
  };
  let hasFailed = false;
  void failed.promise.then(() => (hasFailed = true));
  return {
    home,
    instance: ground.instance,
    storeId: ground.storeId,
    addresses: listeners.addresses.map(formatAddress),
    warnings: loaded.warnings,
    manager: kernel.manager,
    mesh,
    tokens: ground.tokens,
    drainMs,
    shutdownMs: limits.shutdownMs,
    failed: failed.promise,
    reopenLog: () => ground.log.reopen(),
    killRuns: () => kernel.killAll(),
    close: () => (closing ??= close()),
  };
}

function planned({ options, cwd, env, home, loaded }: Surroundings): PlannedAddress[] {
  const { addr, port, auth_token } = loaded.config.daemon ?? {};
  return planAddresses({
    ...(options.addr && { addr: options.addr }),
    ...(options.port !== undefined && { port: options.port }),
    noTcp: options.noTcp ?? false,
    allowRemote: options.dangerouslyAllowRemote ?? false,
    configured: { addr, port },
    defaultSocket: home.socket,
    lastPort: lastPort(home.port),
    hasToken: auth_token !== "",
    cwd,
    userHome: userHome(env),
  });
}

function socketsOutside(plan: readonly PlannedAddress[], home: Home): string[] {
  return plan.flatMap(({ address }) => (address.kind === "unix" && !address.path.startsWith(`${home.path}/`) ? [address.path] : []));
}

function chosenStore({ options, cwd, home, loaded }: Surroundings): StoreChoice {
  if (options.store !== undefined) return parseStore(options.store, home, cwd);
  return fromConfig(() => parseStore(loaded.config.daemon?.store ?? "sqlite", home, cwd));
}

/** Tells where we are: in the log, and in the file that clients read. */
function announce({ home, loaded }: Surroundings, { host, instance }: Ground, listeners: Listeners, undo: Undo): void {
  const hasTokenFile = loaded.config.daemon?.auth_token === undefined;
  const { pid, version, url, socket } = writeDiscovery({
    home,
    instance,
    startedAt: formatTime(host.clock.now()),
    listeners,
    hasTokenFile,
  });
  undo.add(() => removeDiscovery(home, instance));
  if (listeners.port !== undefined) rememberPort(home.port, listeners.port);
  host.log("info", "daemon.listening", { pid, version, addresses: listeners.addresses.map(formatAddress), url, socket });
}

const lookMs = 500;

/** Starts what is queued as soon as an operator has lifted the pause. */
function resumeWhenLifted({ starts, host }: Ground, { manager }: Kernel): () => void {
  host.log("error", "daemon.admission_paused", { hint: "anode doctor --resume" });
  const timer = setInterval(() => {
    if (!starts.isLifted()) return;
    clearInterval(timer);
    manager.resume();
    host.log("info", "daemon.admission_resumed");
  }, lookMs);
  return () => clearInterval(timer);
}

function fromConfig<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusedSetting(error);
  }
}
