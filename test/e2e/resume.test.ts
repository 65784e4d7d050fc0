import { describe, expect, it, onTestFinished } from "vitest";
import { openCuttingProxy, seeded } from "../support/cutting-proxy.js";
import { newUser, type User } from "../support/program.js";
import { startDaemon } from "../../adapters/daemon/index.js";
import { scriptedExecutor } from "../../lib/testing/scripted-executor.js";

const texts = ["plain", "é😀 beyond ASCII", "line one\nline two\r\n", "\u2028\u0085 odd ends", 'quotes " and \\ slashes', "x".repeat(3000)];

interface Subject {
  readonly url: string;
  readonly id: string;
  /** All events of the run, and of the feed. */
  readonly whole: { readonly run: string; readonly feed: string };
  readonly cuts: () => number;
}

/** A daemon with a run of 40 awkward events and as many on its feed, behind a relay that cuts. */
async function subject(user: User, cutAfter: readonly number[]): Promise<Subject> {
  const steps = Array.from({ length: 40 }, (_, index) => ({
    emit: { type: "assistant.message" as const, payload: { message_id: `m${index}`, text: texts[index % texts.length] ?? "" } },
  }));
  const daemon = await startDaemon({
    env: user.env,
    cwd: user.folder,
    store: "memory",
    executors: { talk: scriptedExecutor(steps) },
    profiles: { craft: { executor: "talk" } },
  });
  const direct = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const proxy = await openCuttingProxy(Number(new URL(direct).port), /^GET \/(?:runs\/[^ ]+\/)?events/, cutAfter);
  onTestFinished(async () => {
    await proxy.close();
    await daemon.close();
  });
  const run = await daemon.manager.start({ prompt: "talk" });
  await run.done();
  await daemon.manager.journal.append({ feed: steps.map(({ emit }) => emit) }).committed;
  const read = async (path: string): Promise<string> => (await user.run("curl", "-N", "-sS", direct + path)).out;
  const whole = { run: await read(`/runs/${run.id}/events`), feed: await read("/events/stream?follow=false") };
  return { url: `http://127.0.0.1:${proxy.port}`, id: run.id, whole, cuts: () => proxy.cuts };
}

/** Whole events of a stream that may end anywhere. */
function wholeEvents(stream: string): { seq: number; data: string }[] {
  return stream
    .split("\n\n")
    .slice(0, -1)
    .flatMap((block) => {
      const found = /^id: (\d+)\ndata: (.*)$/s.exec(block);
      return found ? [{ seq: Number(found[1]), data: found[2] ?? "" }] : [];
    });
}

describe("curl -N", () => {
  it("resumes after cuts at random bytes with Last-Event-ID, nothing lost or repeated", async () => {
    const seed = Date.now() % 100_000;
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const user = newUser();
    const { url, id, whole, cuts } = await subject(
      user,
      Array.from({ length: 25 }, () => 1 + Math.floor(random() * 6000)),
    );
    const expected = wholeEvents(whole.run);
    expect(expected).toHaveLength(43);
    const got: { seq: number; data: string }[] = [];
    for (let turn = 0; turn < 60; turn++) {
      const last = got.at(-1)?.seq ?? 0;
      const { out } = await user.run("curl", "-N", "-sS", "-H", `Last-Event-ID: ${last}`, `${url}/runs/${id}/events`);
      if (out === "" && last === expected.length) break;
      got.push(...wholeEvents(out));
    }
    expect(got).toEqual(expected);
    expect(cuts()).toBeGreaterThan(3);
    // At the end there is nothing more to read, and the server says so.
    expect(
      (
        await user.run(
          "curl",
          "-sS",
          "-o",
          "/dev/null",
          "-w",
          "%{http_code}",
          "-H",
          `Last-Event-ID: ${expected.length}`,
          `${url}/runs/${id}/events`,
        )
      ).out,
    ).toBe("204");
  });

  it("resumes the feed the same way, and ends where it was told to", async () => {
    const seed = Date.now() % 100_000;
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const user = newUser();
    const { url, whole, cuts } = await subject(
      user,
      Array.from({ length: 25 }, () => 1 + Math.floor(random() * 6000)),
    );
    const expected = wholeEvents(whole.feed);
    expect(expected).toHaveLength(43);
    const got: { seq: number; data: string }[] = [];
    for (let turn = 0; turn < 60 && got.length < expected.length; turn++) {
      // Who has seen nothing yet names no place.
      const place = got.length === 0 ? [] : ["-H", `Last-Event-ID: ${got.at(-1)?.seq}`];
      const { out } = await user.run("curl", "-N", "-sS", ...place, `${url}/events/stream?follow=false`);
      got.push(...wholeEvents(out));
    }
    expect(got).toEqual(expected);
    expect(cuts()).toBeGreaterThan(3);
  });
});
