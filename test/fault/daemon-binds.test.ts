import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DaemonOptions, StartRefused, startDaemon } from "../../adapters/daemon/index.js";
import { daemonPlace, daemonProcess } from "../support/daemon.js";
import { bindCorpus } from "./corpus/binds.js";
import { isLong } from "./support/trials.js";

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

  it.skipIf(!isLong).for(bindCorpus)("ends the program with 78: %s", async (addr) => {
    const { ended, said } = daemonProcess(daemonPlace(), ["--addr", addr]);
    expect([await ended, said().includes("listening on")]).toEqual([78, false]);
  });
});
