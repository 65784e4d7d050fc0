import { describe, expect, it } from "vitest";
import { Listeners } from "../../../lib/runs/listeners.js";

interface Events extends Record<string, unknown[]> {
  told: [text: string];
}

function bench() {
  const failures: [string, unknown][] = [];
  return { failures, listeners: new Listeners<Events>((name, error) => failures.push([name, error])) };
}

describe("Listeners", () => {
  it("tells everybody, in the order of their coming, until they leave", () => {
    const { listeners } = bench();
    const heard: string[] = [];
    const leave = listeners.on("told", (text) => void heard.push(`a ${text}`));
    listeners.on("told", (text) => void heard.push(`b ${text}`));
    listeners.emit("told", "1");
    leave();
    leave();
    listeners.emit("told", "2");
    expect(heard).toEqual(["a 1", "b 1", "b 2"]);
  });

  it("hands a throw or a rejection on, and tells the others all the same", async () => {
    const { listeners, failures } = bench();
    const heard: string[] = [];
    const thrown = new Error("thrown");
    const rejected = new Error("rejected");
    listeners.on("told", () => {
      throw thrown;
    });
    listeners.on("told", async () => Promise.reject(rejected));
    listeners.on("told", (text) => void heard.push(text));
    listeners.emit("told", "1");
    await new Promise((resolve) => setImmediate(resolve));
    expect([heard, failures]).toEqual([
      ["1"],
      [
        ["told", thrown],
        ["told", rejected],
      ],
    ]);
  });

  it("knows the same function twice, each for itself", () => {
    const { listeners } = bench();
    let heard = 0;
    const listen = (): void => void (heard += 1);
    const leave = listeners.on("told", listen);
    listeners.on("told", listen);
    leave();
    listeners.emit("told", "1");
    expect(heard).toBe(1);
  });
});
