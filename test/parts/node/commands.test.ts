import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createCommands, createContainment } from "../../../lib/node/index.js";
import { systemHost } from "../../../lib/system-host.js";

const containment = createContainment({ storeId: "commands-test" });
const folder = realpathSync(mkdtempSync(join(tmpdir(), "commands-")));
afterAll(() => rmSync(folder, { recursive: true }));
let runs = 0;

function room(env: Record<string, string | undefined> = { PATH: process.env["PATH"] }) {
  const run_id = `R-${process.pid}_${(runs += 1)}`;
  const abort = new AbortController();
  const common = { run_id, cwd: folder, signal: abort.signal };
  const commands = createCommands({ host: systemHost, containment, baseEnv: env, runToken: (id) => `token of ${id}` });
  return { abort, commands, common, run_id };
}

function alive(run_id: string): string[] {
  const table = containment.table.read();
  return table.processes
    .filter(({ pid, state }) => state !== "Z" && table.cookie(pid)?.startsWith(`commands-test.${run_id}.`))
    .map(({ name }) => name);
}

describe("Commands.run", { timeout: 30_000 }, () => {
  it("hands input in and output out, whole", async () => {
    const { commands, common } = room();
    let text = "";
    const end = await commands.run({ ...common, argv: ["cat"], input: "ä\n".repeat(200_000), onOutput: (part) => (text += part) });
    expect(end).toEqual({ exit_code: 0 });
    expect(text).toBe("ä\n".repeat(200_000));
  });

  it("refuses a command that is not there, and a folder that is not there", async () => {
    const { commands, common } = room();
    await expect(commands.run({ ...common, argv: ["no-such-command"] })).rejects.toMatchObject({ code: "spawn_failed" });
    await expect(commands.run({ ...common, cwd: "/no/such/folder", argv: ["true"] })).rejects.toMatchObject({ code: "spawn_failed" });
  });

  it("starts nothing for a run that has ended", async () => {
    const { abort, commands, common, run_id } = room();
    abort.abort(new Error("over"));
    await expect(commands.run({ ...common, argv: ["touch", "made"] })).rejects.toThrow("over");
    expect(alive(run_id)).toEqual([]);
  });

  it("gives none of 200 secrets, and the token of the run alone", async () => {
    const secrets = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`${index % 2 ? "ANODE" : "MY"}_SECRET_${index}`, `s3cret${index}`]),
    );
    const { commands, common, run_id } = room({
      PATH: process.env["PATH"],
      NODE_OPTIONS: "--x",
      LD_PRELOAD: "x",
      DBUS_SESSION_BUS_ADDRESS: "x",
      ...secrets,
    });
    let text = "";
    await commands.run({
      ...common,
      argv: ["env"],
      pass: ["ANODE_SECRET_1"],
      env: { ANODE_EVIL: "x", OWN: "1" },
      onOutput: (part) => (text += part),
    });
    expect(text).not.toMatch(/s3cret|NODE_OPTIONS|LD_PRELOAD|DBUS|ANODE_EVIL/);
    expect(text).toContain(`ANODE_RUN_TOKEN=token of ${run_id}`);
    expect(text).toContain("OWN=1");
  });

  it("ends one command of a run without touching the others", async () => {
    const { commands, common, run_id } = room();
    const lines: string[] = [];
    const other = await commands.open({ ...common, argv: ["cat"], onLine: (line) => void lines.push(line) });
    await commands.run({ ...common, argv: ["sh", "-c", "(setsid sleep 600 &) ; true"] });
    await other.send("still here");
    while (lines.length === 0) await new Promise(setImmediate);
    expect(lines).toEqual(["still here"]);
    expect(alive(run_id).length).toBeGreaterThan(0);
    await other.close();
    expect(alive(run_id)).toEqual([]);
  });
});

describe("Commands.open", { timeout: 30_000 }, () => {
  it("speaks by lines, long ones too, on both streams", async () => {
    const { commands, common } = room();
    const out: string[] = [];
    const errors: string[] = [];
    writeFileSync(join(folder, "echo.sh"), 'while read -r line; do printf "%s\\n" "$line"; echo "e ${#line}" >&2; done; printf "no end"');
    const open = await commands.open({
      ...common,
      argv: ["bash", "echo.sh"],
      onLine: (line) => void out.push(line),
      onError: (line) => void errors.push(line),
    });
    const long = "x".repeat(300_000);
    await open.send("one");
    await open.send(long);
    while (errors.length < 2) await new Promise(setImmediate);
    expect(out).toEqual(["one", long]);
    expect(errors).toEqual(["e 3", "e 300000"]);
    await open.close();
    await expect(open.send("late")).rejects.toThrow("no longer listens");
  });

  it("ends a command whose line never ends", async () => {
    const { commands, common, run_id } = room();
    const out: string[] = [];
    const open = await commands.open({
      ...common,
      argv: ["cat", "/dev/zero"],
      lineBytes: 1_000_000,
      onLine: (line) => void out.push(line),
    });
    await open.ended;
    expect(out).toEqual([]);
    expect(alive(run_id)).toEqual([]);
  });

  it("ends with its run", async () => {
    const { abort, commands, common, run_id } = room();
    const open = await commands.open({ ...common, argv: ["sh", "-c", "trap '' TERM; sleep 600 & read x; wait"], onLine: () => {} });
    abort.abort(new Error("over"));
    await open.ended.catch(() => {});
    expect(alive(run_id)).toEqual([]);
  }, 20_000);

  it("refuses a command that is not there", async () => {
    const { commands, common } = room();
    await expect(commands.open({ ...common, argv: ["no-such-command"], onLine: () => {} })).rejects.toMatchObject({ code: "spawn_failed" });
  });
});
