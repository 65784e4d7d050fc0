import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { watchHome } from "../../../adapters/daemon/home-watch.js";
import { createTestHost } from "../../../lib/testing/index.js";
import { daemonPlace, daemonProcess } from "../../support/daemon.js";

function watched() {
  const { home } = daemonPlace();
  mkdirSync(home.path, { recursive: true });
  writeFileSync(home.lock, "");
  const host = createTestHost();
  const errors: string[] = [];
  const end = watchHome(home.lock, host, ({ code }) => void errors.push(code));
  return { home, host, errors, end };
}

describe("A watched home", () => {
  it("is not lost while its lock lies there, and nobody looks once the watch is over", async () => {
    const { end, errors, home, host } = watched();
    for (let look = 0; look < 3; look += 1) {
      await host.clock.advance(5_000);
      await expect.poll(() => host.clock.pending).toBe(1);
    }
    end();
    rmSync(home.path, { recursive: true });
    await host.clock.advance(60_000);
    expect([host.clock.pending, errors, host.lines]).toEqual([0, [], []]);
  });

  it.for([
    ["removed", (path: string) => rmSync(path, { recursive: true })],
    ["moved", (path: string) => renameSync(path, `${path}-elsewhere`)],
    ["another's", (path: string) => (writeFileSync(join(path, "x"), ""), renameSync(join(path, "x"), join(path, "daemon.lock")))],
  ] as const)("is lost once, when it is %s", async ([, take]) => {
    const { errors, home, host } = watched();
    take(home.path);
    await host.clock.advance(5_000);
    await expect.poll(() => errors).toEqual(["store_failed"]);
    await host.clock.advance(60_000);
    expect([errors.length, host.clock.pending, host.lines.map(({ event }) => event)]).toEqual([1, 0, ["daemon.home_lost"]]);
  });
});

it("a daemon whose home was removed says so and ends with 74", async () => {
  const place = daemonPlace();
  const daemon = daemonProcess(place);
  await daemon.listens;
  rmSync(place.home.path, { recursive: true });
  expect(await daemon.ended).toBe(74);
  expect(daemon.said()).toContain(`${place.home.lock} must stay where it is, it was removed, moved or unmounted`);
});
