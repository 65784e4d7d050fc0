import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { connect } from "../../../adapters/client/index.js";
import { sourceWorker } from "../../support/sqlite.js";
import { type Random, randomOf } from "./store-random.js";

/** What an uploader does; handed over as JSON. */
export interface UploadPlan {
  /** Holds the home, which is not there yet. */
  readonly root: string;
  /** Decides the files. */
  readonly seed: number;
  /** Uploads of each life of the daemon. */
  readonly lives: readonly number[];
  /** Where to say how it goes. */
  readonly to: string;
  /** A planted bug. */
  readonly bug?: string | undefined;
}

// upload-writer <plan>: a daemon that comes and goes, and its client, which says one line for each thing it does or knows:
// "sent <digest>", "ack <id> <digest>", "removing <id>", "gone <id>".
const plan = JSON.parse(process.argv[2] ?? "") as UploadPlan;
const out = openSync(plan.to, "a");
const say = (line: string): void => void writeSync(out, `${line}\n`);
const lanes = 3;
if (plan.bug !== undefined) {
  process.env["PLANTED_BUG"] = plan.bug;
  await import("./store-daemon-mutant.js");
}
const { startDaemon } = await import("../../../adapters/daemon/index.js");

for (const [life, count] of plan.lives.entries()) {
  const env = { PATH: process.env["PATH"], HOME: plan.root };
  const daemon = await startDaemon({ env, cwd: plan.root, noTcp: true, sqliteWorker: sourceWorker() });
  const client = await connect({ socketPath: daemon.home.socket, env: {} });
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) await transfer(client, randomOf(plan.seed, life, left--));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await client.close();
  await daemon.close();
}

/** A file, as a rule whole; now and then cut off, and now and then removed again. */
async function transfer({ attachments }: Awaited<ReturnType<typeof connect>>, random: Random): Promise<void> {
  const size = random.pick([0, 1, 511, 512, 4_096, random.between(4_097, 20_000), random.between(70_000, 200_000)]);
  const bytes = Buffer.from(Uint8Array.from({ length: size }, () => random.int(256)));
  if (random.chance(0.15)) {
    await attachments.upload(broken(bytes)).catch(() => {});
    return;
  }
  const digest = createHash("sha256").update(bytes).digest("hex");
  say(`sent ${digest}`);
  const { id } = await attachments.upload(bytes);
  say(`ack ${id} ${digest}`);
  if (random.chance(0.8)) return;
  say(`removing ${id}`);
  await attachments.remove({ id });
  say(`gone ${id}`);
}

async function* broken(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error("The uploader leaves.");
}
