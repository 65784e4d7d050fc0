// The main job, end to end, on a real command: start in the background, list, attach from a second process, cancel with
// the whole process tree, kill the daemon and find the history again. `npm run demo`
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../dist/program/anode.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "anode-demo-"));
const home = join(folder, "home");
const env = { ...process.env, ANODE_HOME: home };

const step = (text) => console.log(`\n\u2014 ${text}`);

/** Runs a command line of `anode`, showing what it says; answers its data and its exit code. */
function anode(...words) {
  console.log(`$ anode ${words.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(" ")}`);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...words], { env, cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (part) => {
      out += part;
      process.stdout.write(part);
    });
    child.once("close", (code) => resolve({ code, out: out.trimEnd() }));
  });
}

const isAlive = (pid) => {
  try {
    // A process that has ended but was not reaped yet is a zombie, state Z.
    return existsSync("/proc") ? !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")) : process.kill(pid, 0);
  } catch {
    return false;
  }
};
const until = async (holds) => {
  for (let turn = 0; turn < 200 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(holds());
};

try {
  step("A real command, in the background. There is no daemon yet: one is started.");
  const work =
    'for f in a b c d; do echo "hashing $f"; head -c 3000000 /dev/urandom | sha256sum | cut -c1-16; sleep 0.3; done; echo finished';
  const { out: id, code } = await anode("runs", "start", "--run-label", "hashes", "--exec", "--", "sh", "-c", work);
  assert.equal(code, 0);

  step("Its starter is gone; it goes on.");
  await anode("runs", "list");

  step("Attached from a second process: what has happened, then what happens, to the end.");
  const attached = await anode("attach", id);
  assert.equal(attached.code, 0);
  assert.match(attached.out, /hashing a[\s\S]*hashing d[\s\S]*finished$/);

  step("The same over HTTP, for anything that reads Server-Sent Events.");
  const { socket } = JSON.parse(readFileSync(join(home, "daemon.json"), "utf8"));
  console.log(`$ curl -N --unix-socket ${socket} http://localhost/runs/${id}/events`);
  const { request } = await import("node:http");
  const frames = await new Promise((resolve, reject) => {
    request({ socketPath: socket, path: `/runs/${id}/events` }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part) => (text += part));
      reply.on("end", () => resolve(text.split("\n\n").filter((block) => block.startsWith("id: "))));
    })
      .on("error", reject)
      .end();
  });
  for (const frame of frames)
    console.log(frame.length > 118 ? `${frame.slice(0, 117).replaceAll("\n", "  ")}…` : frame.replaceAll("\n", "  "));
  assert.deepEqual(
    frames.map((frame) => Number(/^id: (\d+)/.exec(frame)[1])),
    frames.map((_, index) => index + 1),
  );

  step("A command with children of its own, canceled with its whole tree.");
  const pids = join(folder, "pids");
  const tree = await anode(
    "runs",
    "start",
    "--exec",
    "--",
    "sh",
    "-c",
    `sleep 300 & echo $! > ${pids}; sleep 300 & echo $! >> ${pids}; wait`,
  );
  await until(() => existsSync(pids) && readFileSync(pids, "utf8").trim().split("\n").length === 2);
  const children = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  assert.deepEqual(children.map(isAlive), [true, true]);
  await anode("runs", "cancel", tree.out);
  assert.deepEqual(children.map(isAlive), [false, false]);
  console.log(`both children (${children.join(", ")}) are gone`);

  step("The daemon is killed in the middle of a run, and started again.");
  const last = await anode("runs", "start", "--exec", "--", "sh", "-c", `echo $$ > ${pids}; sleep 300`);
  await until(() => /^\d+\n$/.test(readFileSync(pids, "utf8")));
  const orphan = Number(readFileSync(pids, "utf8"));
  process.kill(JSON.parse(readFileSync(join(home, "daemon.json"), "utf8")).pid, "SIGKILL");
  await anode("daemon", "--detach");
  assert.equal(isAlive(orphan), false);

  step("The history is there, with the true status of each run.");
  await anode("runs", "list");
  const summary = JSON.parse((await anode("runs", "list", "--json")).out).runs;
  assert.deepEqual(
    summary.map((run) => [run.id, run.status, run.stop_reason]),
    [
      [last.out, "interrupted", "crash"],
      [tree.out, "canceled", "canceled"],
      [id, "completed", "exit"],
    ],
  );
  step("Everything held. Stopping the daemon; nothing is left running.");
} finally {
  await anode("daemon", "stop");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
