import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newUser, programPath, says, type User } from "../support/program.js";

const hasFullDevice = existsSync("/dev/full");
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]).status === 0;
const inHome = (home: string, ...words: string[]): string[] => ["env", `ANODE_HOME=${home}`, process.execPath, programPath, ...words];
const homeLine = (text: string): string => /^home\s.*$/m.exec(text)?.[0] ?? "";

/** What `anode` says with a home folder elsewhere. */
const elsewhere = (user: User, home: string, ...words: string[]) => user.run(...(inHome(home, ...words) as [string, ...string[]]));

describe("Surroundings that are not as they should be", () => {
  it("names a home folder that cannot be made, in the command and in the doctor", async () => {
    const user = newUser();
    const file = join(user.folder, "file");
    writeFileSync(file, "");
    expect(await elsewhere(user, join(file, "home"), "daemon")).toEqual({
      code: 78,
      out: "",
      err: `anode: ${file}/home must be a folder that can be made: ENOTDIR.\n`,
    });
    const doctor = await elsewhere(user, join(file, "home"), "doctor");
    expect([doctor.code, homeLine(doctor.out)]).toEqual([1, `home         fail    ${file} must be a folder; set ANODE_HOME to another`]);
    expect(doctor.out).toContain("socket       skip    not open");
    expect(await elsewhere(user, file, "runs", "list")).toMatchObject({
      code: 3,
      err: expect.stringContaining("`anode daemon` starts one."),
    });
  });

  it.skipIf(!canMount)(
    `says of a disk without space, or that takes nothing, that it is so${canMount ? "" : " (no mounts here)"}`,
    async () => {
      const user = newUser();
      const disk = join(user.folder, "disk");
      mkdirSync(disk);
      const there = inHome(join(disk, "home"))
        .map((word) => `'${word}'`)
        .join(" ");
      const on = (...lines: string[]) =>
        user.run("unshare", "-rm", "sh", "-c", [`mount -t tmpfs -o size=1m,mode=700 none ${disk}`, ...lines].join("; "));
      const full = await on(
        `head -c 2000000 /dev/zero > ${disk}/fill 2> /dev/null`,
        `${there} daemon`,
        'echo "daemon $?"',
        `${there} doctor`,
      );
      expect(full.err).toMatch(/daemon\.lock cannot be opened: .*\. `anode doctor` says whether its disk has space\./);
      expect(full.out).toContain("daemon 74\n");
      expect(homeLine(full.out)).toMatch(/fail\s+the disk of .* has 0 bytes left; free some/);
      const closed = await on(`mount -o remount,ro ${disk}`, `${there} doctor`);
      expect(homeLine(closed.out)).toMatch(/fail\s+.*\/disk cannot be written \(EROFS\)/);
    },
  );

  it("tells of a configuration that is skipped whoever starts the daemon", async () => {
    const user = newUser();
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(user.home, "config.json"), "{bad");
    const skipped = `anode: ${user.home}/config.json is skipped: it is not JSON.\n`;
    const started = await user.anode("runs", "start", "--exec", "--", "true");
    expect([started.code, started.err]).toEqual([0, `${skipped}anode: started the daemon\n`]);
    await user.anode("daemon", "stop");
    expect((await user.anode("daemon", "--detach")).err).toMatch(new RegExp(`^${skipped}anode: the daemon runs as process`));
    await user.anode("daemon", "stop");
    await says(user.start("daemon"), skipped);
  });

  it.skipIf(!hasFullDevice)("is no success when what was asked for could not be written", async () => {
    const user = newUser();
    const { code, err } = await user.run("sh", "-c", `'${process.execPath}' '${programPath}' config list > /dev/full`);
    expect([code, err]).toEqual([1, expect.stringContaining("anode: cannot write to stdout: ENOSPC")]);
    expect(await user.anode("openapi", "--out", "nowhere/api.json")).toMatchObject({
      code: 2,
      err: "anode: nowhere/api.json cannot be written: ENOENT.\n",
    });
  });
});

describe("A refusal of the command line", () => {
  it("leads from a home without a token to one that has it", async () => {
    const user = newUser();
    const none = await user.anode("token", "show");
    expect([none.code, none.err]).toEqual([
      78,
      `anode: There is no token at ${user.home}/token yet: the first \`anode daemon\` makes it.\n`,
    ]);
    await user.anode("daemon", "--detach");
    expect((await user.anode("token", "show")).out).toMatch(/^anode_[\w-]{43}\n$/);
  });

  it("says what ends a daemon that is in the way, where another one could be, and its own name once", async () => {
    const user = newUser();
    await user.anode("daemon", "--detach");
    const second = await user.anode("daemon");
    expect([second.code, second.err]).toEqual([75, expect.stringMatching(/held by process \d+\. `anode daemon stop` ends it\.\n$/)]);
    const { addresses } = JSON.parse((await user.anode("status", "--json")).out) as { addresses: string[] };
    const url = addresses.find((address) => address.startsWith("http:")) ?? "";
    const taken = await elsewhere(user, join(user.folder, "other"), "daemon", "--detach", "--addr", url.replace("http://", ""));
    expect([taken.code, taken.err]).toEqual([
      75,
      `anode: The daemon did not start: it ended with 75.\nanode: ${url} must be free, another process has it; --port or --addr chooses another.\n`,
    ]);
    const wrong = await user.run("env", `ANODE_TOKEN=anode_wrong`, process.execPath, programPath, "runs", "list", "--daemon", url);
    expect([wrong.code, wrong.err]).toEqual([
      6,
      expect.stringMatching(/^anode: The token is unknown\.\nanode: .*ANODE_TOKEN.*`anode token show`/),
    ]);
    await user.anode("daemon", "stop");
    expect((await user.anode("runs", "list", "--daemon", url)).err).toContain(
      `\`anode daemon --addr ${url.replace("http://", "")}\` starts one there.`,
    );
  });

  it("names the run it is about when several were given", async () => {
    const user = newUser();
    await user.anode("daemon", "--detach");
    const { code, err } = await user.anode("runs", "cancel", "R-1_1", "R-2_2");
    expect(code).toBe(4);
    expect(err.match(/R-\d_\d: There is no such run\./g)).toEqual(["R-1_1: There is no such run.", "R-2_2: There is no such run."]);
  });

  it("says at Ctrl-C what goes on without it", async () => {
    const user = newUser();
    const id = (await user.anode("runs", "start", "--exec", "--", "sh", "-c", "echo up; sleep 60")).out.trim();
    await user.anode("peers", "register", "--name", "docs");
    const left = async (child: ReturnType<User["start"]>, stream: "stdout" | "stderr", sign: string): Promise<[number | null, string]> => {
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        child[name]?.setEncoding("utf8").on("data", (part: string) => {
          said[name] += part;
          if (name === stream && said[name].includes(sign) && !child.killed) child.kill("SIGINT");
        });
      }
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return [code, said.stderr];
    };
    expect(await left(user.start("attach", id), "stdout", "up")).toEqual([
      130,
      `anode: ${id} goes on; \`anode runs cancel ${id}\` ends it\n`,
    ]);
    expect(await left(user.start("ask", "docs", "Hello?", "--queue", "--wait"), "stderr", "waiting for the reply")).toEqual([
      130,
      expect.stringMatching(/(ask-\w+) is queued; .*\nanode: \1 stays open; `anode inbox` shows the reply when it comes\n$/),
    ]);
  });
});
