import { setTimeout as later } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call } from "../support/daemon.js";
import { newPlace, type Place, startProgram } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { finds, holds } from "./support/trials.js";

const killsOfALife = 5;
const keysOfAKill = 20;

/** What the keys met with: a proof needs some of each. */
const cases = { answered: 0, "stored unanswered": 0, "not stored": 0 };

function start({ home }: Place, key: string, argv: readonly string[] = ["true"]): ReturnType<typeof call> {
  return call(home.socket, "/runs", { body: { argv, run_label: key }, headers: { "Idempotency-Key": key } });
}

/** A home whose daemons are killed while starts with a key come in, each at another stage. */
async function life(random: Random, bug?: string): Promise<readonly string[]> {
  const place = newPlace();
  /** The run that a key was answered with; undefined when it was not answered. */
  const keys = new Map<string, string | undefined>();
  try {
    for (let kill = 0; kill <= killsOfALife; kill += 1) {
      const daemon = startProgram(place, { bug });
      if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
      const violations = await verifyKeys(place, keys);
      if (violations.length > 0 || kill === killsOfALife) {
        await daemon.kill();
        return violations;
      }
      keys.clear();
      // After some answers, with others on their way: by the clock a busy machine would have none, or all.
      let answersLeft = random.int(keysOfAKill);
      const enough = Promise.withResolvers<void>();
      const calls = Array.from({ length: keysOfAKill }, async (_, index) => {
        const key = `key-${kill}-${index}`;
        keys.set(key, undefined);
        await later(2 * index);
        if (answersLeft <= 0) enough.resolve();
        const answer = await start(place, key).catch(() => undefined);
        if (answer?.status !== 201) return;
        keys.set(key, answer.json.run_id);
        if (--answersLeft <= 0) enough.resolve();
      });
      await enough.promise;
      await daemon.kill();
      await Promise.all(calls);
    }
    return [];
  } finally {
    place.remove();
  }
}

/** The same call again gives the same answer and has no second effect; another call with its key is refused. */
async function verifyKeys(place: Place, keys: ReadonlyMap<string, string | undefined>): Promise<string[]> {
  const violations: string[] = [];
  const { json: before } = await call(place.home.socket, "/runs?limit=1000");
  const stored = new Set((before.runs as { label?: string }[]).map(({ label }) => label));
  for (const [key, answer] of keys) {
    cases[answer === undefined ? (stored.has(key) ? "stored unanswered" : "not stored") : "answered"] += 1;
    const { json, status, text } = await start(place, key);
    if (status !== 201) violations.push(`${key}: ${text}`);
    else if (answer !== undefined && json.run_id !== answer) violations.push(`${key} was answered with ${answer}, now with ${json.run_id}`);
    const other = await start(place, key, ["false"]);
    if (other.status !== 422) violations.push(`${key} with another body: ${other.status}`);
  }
  const { json } = await call(place.home.socket, "/runs?limit=1000");
  const labels = Map.groupBy(json.runs as { label?: string }[], ({ label }) => label);
  for (const key of keys.keys()) {
    const count = labels.get(key)?.length ?? 0;
    if (count !== 1) violations.push(`${key} has ${count} runs`);
  }
  return violations;
}

describe("a start with a key, to a daemon that is killed", () => {
  it("happens once, however often it is sent again, and is answered as before", async () => {
    const each = killsOfALife * keysOfAKill;
    await holds({ promise: "R21 keys over kill -9", short: 200, long: 5_000, each, lanes: 2 }, (random) => life(random));
    console.log(`keys: ${JSON.stringify(cases)}`);
    expect(
      Object.values(cases).every((count) => count > 0),
      JSON.stringify(cases),
    ).toBe(true);
  });

  it("is seen to happen twice when the daemon stores the key after the effect", async () => {
    await finds("stores the key after the effect", { within: 6, lanes: 2 }, async (random) =>
      (await life(random, "stores the key after the effect")).filter((violation) => /has 2 runs|now with/.test(violation)),
    );
  });
});
