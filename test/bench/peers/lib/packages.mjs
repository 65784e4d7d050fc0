import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { NotPresent } from "../../lib/product.mjs";

/** The peers that npm has, in exact versions. None is a dependency of the project: each goes into a temporary folder when it is measured. */
const packages = {
  "a2a-js": { "@a2a-js/sdk": "1.3.0", express: "5.3.0" },
  "durable-streams": { "@durable-streams/server": "0.3.7" },
  bullmq: { bullmq: "6.7.0", ioredis: "6.0.0" },
  opencode: { "opencode-ai": "1.18.33" },
  "sandbox-agent": { "@sandbox-agent/cli": "0.4.2" },
  langgraph: { "@langchain/langgraph-cli": "1.5.1", "@langchain/langgraph": "1.7.3" },
};
const longestMs = 60_000;

/** A peer's name and version as rows say it. */
export function titleOf(peer) {
  return Object.entries(packages[peer])[0].join(" ");
}

/** Folder in which a peer is installed; it is kept between runs. @throws NotPresent when it cannot be installed within a minute */
export function installed(peer) {
  const versions = Object.entries(packages[peer]).map((pair) => pair.join("@"));
  const folder = join(cacheFolder(), versions.join("+").replaceAll("/", "-"));
  if (!existsSync(folder)) install(peer, versions, folder);
  return folder;
}

/** Loads one of a peer's modules. */
export function requireFrom(folder, name) {
  return createRequire(join(folder, "package.json"))(name);
}

function install(peer, versions, folder) {
  const draft = mkdtempSync(join(cacheFolder(), "draft-"));
  writeFileSync(join(draft, "package.json"), '{"private":true}');
  // Nothing of a package runs before it is measured.
  const args = ["install", "--save-exact", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", ...versions];
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { status, error, stderr } = spawnSync("npm", args, { cwd: draft, env, timeout: longestMs, encoding: "utf8" });
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new NotPresent(`${peer}: npm could not install it within a minute (${error?.code ?? stderr.split("\n")[0]})`);
  }
  renameSync(draft, folder);
}

/** The system's temporary folder is everybody's: ours is this user's own, or is refused. */
function cacheFolder() {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `anode-bench-peers-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) throw new Error(`${folder} belongs to others`);
  return folder;
}

/** A row's name for Redis as it is set; without a version when the system has none. */
export function redisPeer(setting) {
  const { stdout } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return ["redis-server", /v=(\S+)/.exec(stdout ?? "")?.[1], setting].filter(Boolean).join(" ");
}
