import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DaemonOptions, StartRefused, startDaemon } from "../../adapters/daemon/index.js";
import { call, daemonPlace, daemonProcess } from "../support/daemon.js";
import { bindCorpus } from "./corpus/binds.js";
import { newPlace, startProgram } from "./support/store-daemon.js";
import { isLong, randomOf, sampled } from "./support/trials.js";

const canIsolate = spawnSync("unshare", ["--net", "true"]).status === 0;
const { random } = randomOf("binds");

/** How the start of a daemon at this address ends, and whether it left word of where it listens. */
async function startAt(addr: string, options: DaemonOptions = {}, config: object = {}): Promise<unknown> {
  const place = daemonPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  writeFileSync(join(place.home.path, "config.json"), JSON.stringify({ daemon: config }), { mode: 0o600 });
  try {
    const daemon = await startDaemon({ env: place.env, cwd: place.cwd, store: "memory", addr: [addr], ...options });
    const { addresses } = daemon;
    await daemon.close();
    return addresses;
  } catch (error) {
    if (existsSync(place.home.discovery)) return "left its file";
    return error instanceof StartRefused ? error.exit : (error as { code?: string }).code;
  }
}

describe("an address that others could reach", () => {
  it.for(bindCorpus)("is not opened unless that is asked for, and never without a token: %s", async (addr) => {
    expect([await startAt(addr), await startAt(addr, { dangerouslyAllowRemote: true }, { auth_token: "" })]).toEqual([78, 78]);
  });

  it("is what is refused, and no other: loopback is opened", async () => {
    expect(await startAt("127.0.0.1:0")).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
  });

  // Where nothing is reachable: in a network of its own. What no interface there has cannot be opened.
  const own = bindCorpus.filter((addr) => !/192\.0|2001|fe80|example/.test(addr));
  it.skipIf(!canIsolate).for(sampled(own, 3, random))("is opened with the flag and a token, in every spelling: %s", async (addr) => {
    const place = newPlace();
    const socket = join(place.root, "s");
    const flags = ["--addr", addr, "--addr", socket, "--dangerously-allow-remote"];
    const daemon = startProgram(place, { flags, wrap: ["unshare", "--net"] });
    try {
      expect(await daemon.listensAfterMs, daemon.said()).toBeGreaterThan(0);
      const { remote, addresses } = (await call(socket, "/status")).json;
      expect([remote, addresses]).toEqual([true, [expect.stringMatching(/^http:\/\/.*:[1-9]\d*$/), `unix:${socket}`]]);
    } finally {
      await daemon.kill();
      place.remove();
    }
  });

  it("would mostly be opened by who looks for the usual spellings alone", () => {
    const isNoticed = (addr: string): boolean => /^(http:\/\/)?(0\.0\.0\.0|\[::\]):/.test(addr);
    expect(bindCorpus.filter((addr) => !isNoticed(addr)).length).toBeGreaterThan(16);
  });

  it.skipIf(!isLong).for(bindCorpus)("ends the program with 78: %s", async (addr) => {
    const { ended, said } = daemonProcess(daemonPlace(), ["--addr", addr]);
    expect([await ended, said().includes("listening on")]).toEqual([78, false]);
  });
});
