import { expect, it } from "vitest";
import { createTurns } from "../../../adapters/http/node/turns.js";

function bench() {
  const starts: (() => void)[] = [];
  const log: string[] = [];
  const turns = createTurns(
    () => new Promise((resolve) => starts.push(resolve)),
    () => log.push("idle"),
  );
  const add = (name: string, goesOn = true): void =>
    turns.add(async () => {
      log.push(name);
      await Promise.resolve();
      log.push(`/${name}`);
      return goesOn;
    });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { turns, starts, log, add, settle };
}

it("waits for its start once, then takes one turn after the other", async () => {
  const { turns, starts, log, add, settle } = bench();
  add("a");
  add("b");
  await settle();
  expect([log, turns.waiting, starts.length]).toEqual([[], 2, 1]);
  starts[0]?.();
  await settle();
  expect(log).toEqual(["a", "/a", "b", "/b", "idle"]);
  add("c");
  expect([turns.waiting, starts.length]).toEqual([1, 2]);
});

it("runs nothing after a turn that ended the connection", async () => {
  const { turns, starts, log, add, settle } = bench();
  add("a", false);
  add("b");
  starts[0]?.();
  await settle();
  add("c");
  await settle();
  expect([log, turns.ended, turns.waiting, starts.length]).toEqual([["a", "/a", "idle"], true, 0, 1]);
});
