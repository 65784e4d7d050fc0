import { lstatSync } from "node:fs";
import { describe, it } from "vitest";
import { call } from "../support/daemon.js";
import { type Daemon, newPlace, type Place, startProgram } from "./support/store-daemon.js";
import { finds, holds, isLong } from "./support/trials.js";

/** What the starters find: nothing, what a killed daemon left, or a daemon that does not answer because it is stopped. */
const beginnings = ["nothing", "a killed daemon's files", "a stopped daemon"] as const;

async function race(beginning: (typeof beginnings)[number], starters: number, bug?: string): Promise<readonly string[]> {
  const place = newPlace();
  try {
    const owner = beginning === "nothing" ? undefined : startProgram(place);
    await owner?.listensAfterMs;
    if (beginning === "a stopped daemon") owner?.child.kill("SIGSTOP");
    else await owner?.kill();
    const violations = await compete(place, starters, beginning === "a stopped daemon" ? owner : undefined, bug);
    return violations.map((violation) => `${beginning}: ${violation}`);
  } finally {
    place.remove();
  }
}

async function compete(place: Place, starters: number, owner: Daemon | undefined, bug: string | undefined): Promise<string[]> {
  const socketBefore = owner && lstatSync(place.home.socket).ino;
  const all = Array.from({ length: starters }, () => startProgram(place, { bug }));
  // Each either listens or has ended.
  const listening = (await Promise.all(all.map(async (one) => ((await one.listensAfterMs) >= 0 ? [one] : [])))).flat();
  const winner = owner ?? listening[0];
  if (!winner) return [`nobody became the daemon: ${all[0]?.said()}`];
  owner?.child.kill("SIGCONT");
  const violations: string[] = [];
  if (listening.length !== (owner ? 0 : 1)) violations.push(`${listening.length} of ${starters} listen`);
  if (owner && lstatSync(place.home.socket).ino !== socketBefore) violations.push("the owner's socket was replaced");
  const { pid } = (await call(place.home.socket, "/health")).json;
  if (pid !== winner.pid) violations.push(`process ${pid} answers, not the owner ${winner.pid}`);
  for (const loser of all.filter((one) => !listening.includes(one))) {
    const exit = await loser.ended;
    if (exit !== 75 || !loser.said().includes(`process ${winner.pid}`))
      violations.push(`a loser ended with ${exit}: ${loser.said().trim()}`);
  }
  await Promise.all([...listening, ...(owner ? [owner] : [])].map((one) => one.kill()));
  return violations;
}

describe("daemons that start at once for one home", () => {
  it("leave one owner, which all others name; a live one is never displaced, even where it does not answer", async () => {
    // The first race is the large one; the others ask another question than how many.
    const starters = (index: number): number => (isLong ? (index % 3 === 2 ? 200 : 100) : index === 0 ? 100 : 20);
    await holds({ promise: "R26 start races", short: 3, long: 50, lanes: 1 }, async (_, index) =>
      race(beginnings[index % beginnings.length] ?? "nothing", starters(index)),
    );
  });

  it("are seen to be wrong when they take silence for death", async () => {
    await finds("silence as proof of death", { within: 1, lanes: 1 }, () => race("a stopped daemon", 2, "takes silence for death"));
  });
});
