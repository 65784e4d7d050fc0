import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import type { LevelName } from "../../lib/node/process/levels/level.js";
import { levelNames } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import type { Outcome } from "../../lib/runs/executor.js";
import type { NormalRequest } from "../../lib/runs/normal-request.js";
import { systemHost } from "../../lib/system-host.js";
import { createFakeRun, type FakeRun } from "../support/run-context.js";

const containment = createContainment({ storeId: `truth${process.pid}` });
const { levels } = await containment.report();
const available = levelNames.filter((level) => levels[level].available);

async function execute(request: Partial<NormalRequest>, level: LevelName | "auto" = "auto"): Promise<{ outcome: Outcome; run: FakeRun }> {
  const run = createFakeRun(request);
  const executor = createProcessExecutor({ host: systemHost, containment, level, shell: true });
  return { outcome: await executor.execute(run.context), run };
}

describe("output written before the exit", () => {
  it("is kept when the announcement waits for a slow disk and the loop is late", async () => {
    const emitted: [string, object][] = [];
    const run = createFakeRun(
      { argv: ["/bin/sh", "-c", "echo kept; echo too >&2"] },
      {
        async emit(type, payload) {
          if (type === "process.started") {
            await new Promise((resolve) => setTimeout(resolve, 600));
            // The loop is held up until every timer is due.
            for (const end = Date.now() + 100; Date.now() < end; );
          }
          return emitted.push([type, payload]);
        },
      },
    );
    const outcome = await createProcessExecutor({ host: systemHost, containment, level: "auto", shell: true }).execute(run.context);
    expect(outcome).toMatchObject({ status: "completed", result: "kept\n" });
    expect(emitted.filter(([type]) => type === "process.output").map(([, payload]) => payload)).toEqual(
      expect.arrayContaining([
        { stream: "stdout", text: "kept\n" },
        { stream: "stderr", text: "too\n" },
      ]),
    );
  });
});

describe.for(available)("the end of a process at level %s", (level) => {
  it("is reported with its exit code", async () => {
    for (const code of [0, 1, 2, 77, 126, 127, 128, 254, 255]) {
      const { outcome, run } = await execute({ argv: ["/bin/sh", "-c", `exit ${code}`] }, level);
      const status = code === 0 ? { status: "completed" } : { status: "failed", error_code: "exit_nonzero" };
      expect(outcome).toMatchObject({ stop_reason: "exit", exit_code: code, ...status });
      expect(run.of("process.exited")[0]?.payload).toEqual({ exit_code: code });
    }
  });

  it("is reported with its signal, for each of the 31", async () => {
    const names = Object.entries(constants.signals).filter(
      ([name], index, all) => all.findIndex(([, number]) => number === constants.signals[name as NodeJS.Signals]) === index,
    );
    const told: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    const inferred = level === "pidns" ? { inferred: true } : {};
    await Promise.all(
      names.map(async ([name, number]) => {
        // Whoever is not ended by it goes on to its exit code; whoever is stopped is woken.
        const script = `(sleep 0.2; kill -CONT $$) 2>/dev/null & kill -${number} $$; sleep 0.05; exit 7`;
        const { run } = await execute({ argv: ["/bin/sh", "-c", script] }, level);
        told[name] = run.of("process.exited")[0]?.payload;
        expected[name] = harmless.has(name) ? { exit_code: 7 } : { signal: name, ...inferred };
      }),
    );
    expect(Object.keys(told).length).toBeGreaterThanOrEqual(31);
    expect(told).toEqual(expected);
  });

  it("that never began is spawn_failed with the system's name for it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "anode-spawn-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const plain = join(folder, "plain");
    writeFileSync(plain, "no program", { mode: 0o644 });
    const cases: [string, Partial<NormalRequest>][] = [
      ["ENOENT", { argv: ["no-such-program-anywhere"] }],
      ["ENOENT", { argv: ["/nowhere/at/all"] }],
      ["EACCES", { argv: [plain] }],
      ["EACCES", { argv: [folder] }],
      ["ENOENT", { argv: ["true"], cwd: "/nowhere/at/all" }],
      ["ENOTDIR", { argv: ["true"], cwd: plain }],
      ["E2BIG", { argv: ["true", "x".repeat(200_000)] }],
      ["EINVAL", { argv: ["true", "a\0b"] }],
    ];
    for (const [errno, request] of cases) {
      const { outcome, run } = await execute(request, level);
      expect(outcome).toMatchObject({ status: "failed", stop_reason: "error", error_code: "spawn_failed" });
      expect(outcome.error).toContain(errno);
      expect(run.events).toEqual([]);
    }
  });

  it("keeps every byte that was written before it", async () => {
    const { outcome, run } = await execute({ argv: ["/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' a; printf end"] }, level);
    expect(run.output("stdout")).toBe(`${"a".repeat(3_000_000)}end`);
    expect(outcome.result).toBe(`${"a".repeat(8189)}end`);
  });

  it("comes after its input was read to the end", async () => {
    const { run } = await execute({ argv: ["cat"], stdin: "ä".repeat(250_000) }, level);
    expect(run.output("stdout")).toBe("ä".repeat(250_000));
  });

  it("is not held up by input that nobody reads", async () => {
    const { outcome } = await execute({ argv: ["true"], stdin: "x".repeat(500_000) }, level);
    expect(outcome).toMatchObject({ status: "completed", exit_code: 0 });
  });
});

/** What does not end a process that does nothing about it. */
const harmless = new Set(["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH"]);

describe("the output of a process", () => {
  it("is cut nowhere and repeated nowhere when it is no text", async () => {
    const { run } = await execute({ argv: ["/bin/sh", "-c", "printf 'a\\377b\\0c\\342\\202'; sleep 0.1; printf '\\254\\r\\n\\360\\237'"] });
    expect(run.output("stdout")).toBe("a\ufffdb\ufffdc€\n\ufffd");
    expect(run.of("process.output").at(-1)?.payload).toEqual({ stream: "stdout", text: "\ufffd", partial: true });
  });

  it("waits while the run takes no events", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const sizes: number[] = [];
    const run = createFakeRun(
      { argv: ["/bin/sh", "-c", "yes | head -c 5000000"] },
      {
        async emit(type, payload) {
          if (type !== "process.output") return 1;
          sizes.push((payload as { text: string }).text.length);
          if (sizes.length === 1) await held;
          return 1;
        },
      },
    );
    const ended = createProcessExecutor({ host: systemHost, containment }).execute(run.context);
    await expect.poll(() => sizes.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sizes).toHaveLength(1);
    release();
    await ended;
    expect(sizes.reduce((sum, size) => sum + size)).toBe(5_000_000);
  });

  it("of 50 MB passes through without memory growing", async () => {
    let bytes = 0;
    let most = 0;
    const run = createFakeRun(
      { argv: ["/bin/sh", "-c", "yes 0123456789abcdef | head -c 50000000"] },
      {
        async emit(type, payload) {
          if (type !== "process.output") return 1;
          bytes += (payload as { text: string }).text.length;
          most = Math.max(most, process.memoryUsage.rss());
          // Slower than the writer.
          await new Promise((resolve) => setImmediate(resolve));
          return 1;
        },
      },
    );
    const before = process.memoryUsage.rss();
    await createProcessExecutor({ host: systemHost, containment }).execute(run.context);
    expect(bytes).toBe(50_000_000);
    expect((most - before) / 1e6).toBeLessThan(100);
  });

  it("of 100 writes in one flush is one event, and none is later than its time", async () => {
    const { run } = await execute({
      argv: ["/bin/sh", "-c", "i=0; while [ $i -lt 100 ]; do echo line; i=$((i + 1)); done; sleep 0.3; echo last"],
    });
    const outputs = run.of("process.output");
    expect(run.output("stdout")).toBe(`${"line\n".repeat(100)}last\n`);
    expect(outputs.length).toBeLessThan(20);
    expect((outputs.at(-1)?.at ?? 0) - (outputs[0]?.at ?? 0)).toBeGreaterThan(200);
  });
});

describe("a child", () => {
  it("inherits no descriptor beyond the first three", async () => {
    const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
    // Started by a shell that leaves it an open descriptor, as a careless service manager would.
    const script = `exec 9</dev/null; exec "$0" --import "$1" "$2"`;
    const owner = spawn("/bin/sh", ["-c", script, process.execPath, support("source-hooks.mjs"), support("list-descriptors.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void owner.kill("SIGKILL"));
    const lines: string[] = [];
    createInterface(owner.stdout).on("line", (line) => lines.push(line));
    await once(owner, "close");
    expect(lines).toEqual(available.map((level) => `${level}: 0 1 2`));
  });

  it("gets the allow-list of our environment and none of our secrets", async () => {
    const secrets = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`SECRET_${index}`, `s3cr3t-${index}`]));
    const baseEnv = {
      ...secrets,
      PATH: process.env["PATH"],
      ANODE_TOKEN: "root",
      NODE_OPTIONS: "--inspect",
      LD_PRELOAD: "x.so",
      LC_TIME: "C",
      DBUS_SESSION_BUS_ADDRESS: "bus",
    };
    const run = createFakeRun({ argv: ["/usr/bin/env"], env: { MINE: "yes" } });
    const executor = createProcessExecutor({ host: systemHost, containment, level: "group", baseEnv, runToken: (id) => `token of ${id}` });
    await executor.execute(run.context);
    const id = run.context.run.id;
    const lines = run.output("stdout").trim().split("\n").sort();
    expect(lines).toEqual(
      [
        `ANODED_COOKIE=${containment.storeId}.${id}`,
        `ANODE_RUN_ID=${id}`,
        `ANODE_RUN_TOKEN=token of ${id}`,
        "LC_TIME=C",
        "MINE=yes",
        `PATH=${baseEnv.PATH}`,
      ].sort(),
    );
    expect(run.of("process.started")[0]?.payload["env_names"]).toEqual([
      "ANODED_COOKIE",
      "ANODE_RUN_ID",
      "ANODE_RUN_TOKEN",
      "LC_TIME",
      "MINE",
      "PATH",
    ]);
  });
});

describe("containment", () => {
  it("pidns is refused inside a worker thread", async () => {
    const support = (name: string) => new URL(`../support/${name}`, import.meta.url);
    const worker = new Worker(support("containment-worker.ts"), { execArgv: ["--import", fileURLToPath(support("source-hooks.mjs"))] });
    const [code] = (await once(worker, "message")) as [unknown];
    await worker.terminate();
    expect(code).toBe("containment_unavailable");
  });

  it.skipIf(!levels.pidns.available)("pidns hides a folder and a socket from the child, and cannot be undone by it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "anode-hide-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [home, socket] = [join(folder, "home"), join(folder, "daemon.sock")];
    const { mkdirSync } = await import("node:fs");
    mkdirSync(home);
    writeFileSync(join(home, "token"), "anode_secret");
    writeFileSync(socket, "stands for a socket");
    const script = [
      `cat ${home}/token`,
      `cat ${socket}`,
      `umount ${home}`,
      `unshare -U --map-root-user --mount sh -c 'umount ${home}; cat ${home}/token'`,
      `grep -q '^CapEff:.0000000000000000$' /proc/self/status && echo powerless`,
    ].join("\n");
    const run = createFakeRun({ argv: ["/bin/sh", "-c", script] });
    await createProcessExecutor({ host: systemHost, containment, level: "pidns", hide: { home, sockets: [socket] } }).execute(run.context);
    expect(run.output("stdout")).toBe("powerless\n");
  });
});
