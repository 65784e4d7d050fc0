import { chmodSync, lstatSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLog } from "../../../adapters/daemon/log.js";
import { refusalOf, temporaryFolder } from "./fixtures.js";

const events = (path: string): string[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string }).event); // prettier-ignore

describe("openLog", () => {
  it("appends one JSON object a line, 0600, from its level on", () => {
    const path = join(temporaryFolder(), "daemon.log");
    const log = openLog({ path, level: "warn" });
    log.write("info", "a");
    log.write("warn", "b", { n: 1 });
    log.write("error", "c");
    log.close();
    log.write("error", "after the end");
    expect(JSON.parse(readFileSync(path, "utf8").split("\n")[0] ?? "")).toEqual({
      time: expect.stringMatching(/Z$/),
      level: "warn",
      event: "b",
      n: 1,
    });
    expect([events(path), lstatSync(path).mode & 0o777]).toEqual([["b", "c"], 0o600]);
  });

  it("puts a full file aside and keeps as many as it was told", () => {
    const folder = temporaryFolder();
    const path = join(folder, "daemon.log");
    const log = openLog({ path, limitBytes: 150, keep: 2 });
    for (let n = 1; n <= 9; n += 1) log.write("info", `e${n}`);
    log.close();
    expect(readdirSync(folder)).toEqual(["daemon.log", "daemon.log.1", "daemon.log.2"]);
    expect([events(`${path}.2`), events(`${path}.1`), events(path)].flat()).toEqual(["e5", "e6", "e7", "e8", "e9"]);
  });

  it("goes on in a new file when the old one was moved away", () => {
    const path = join(temporaryFolder(), "daemon.log");
    const log = openLog({ path });
    log.write("info", "a");
    renameSync(path, `${path}.moved`);
    log.write("info", "b");
    log.reopen();
    log.write("info", "c");
    log.close();
    expect([events(`${path}.moved`), events(path)]).toEqual([["a", "b"], ["c"]]);
  });

  it("takes secrets out of every line", () => {
    const path = join(temporaryFolder(), "daemon.log");
    const log = openLog({ path, redact: (line) => line.replaceAll("hunter22", "[redacted]") });
    log.write("info", "a", { error: "wrong password hunter22" });
    log.close();
    expect(readFileSync(path, "utf8")).toContain("wrong password [redacted]");
  });

  it("refuses a link and a file that others may read", async () => {
    const folder = temporaryFolder();
    symlinkSync("elsewhere", join(folder, "link.log"));
    writeFileSync(join(folder, "open.log"), "");
    chmodSync(join(folder, "open.log"), 0o644);
    for (const name of ["link.log", "open.log"]) expect((await refusalOf(() => openLog({ path: join(folder, name) }))).exit).toBe(78);
    expect(readdirSync(folder)).toEqual(["link.log", "open.log"]);
  });
});
