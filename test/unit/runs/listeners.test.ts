import { describe, expect, it } from "vitest";
import type { Question } from "../../../lib/questions/schema.js";
import { Listeners } from "../../../lib/runs/listeners.js";
import { createTestHost } from "../../../lib/testing/index.js";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function bench() {
  const host = createTestHost();
  return { host, listeners: new Listeners(host) };
}

describe("Listeners", () => {
  it("tells everybody, in the order of their coming, until they leave", () => {
    const { listeners } = bench();
    const heard: string[] = [];
    const leave = listeners.on("diagnostic", (name) => void heard.push(`a ${name}`));
    listeners.on("diagnostic", (name) => void heard.push(`b ${name}`));
    listeners.emit("diagnostic", "1", {});
    leave();
    leave();
    listeners.emit("diagnostic", "2", {});
    expect(heard).toEqual(["a 1", "b 1", "b 2"]);
  });

  it("reports a throw or a rejection as a diagnostic, and tells the others all the same", async () => {
    const { listeners } = bench();
    const heard: unknown[] = [];
    listeners.on("diagnostic", (name, data) => void heard.push([name, data]));
    listeners.on("question", () => {
      throw new Error("thrown");
    });
    listeners.on("question", async () => Promise.reject(new Error("rejected")));
    listeners.on("question", ({ text }) => void heard.push(text));
    listeners.emit("question", { text: "really?" } as Question);
    await settled();
    expect(heard).toEqual([
      ["listener.failed", { name: "question", error: "Error: thrown" }],
      "really?",
      ["listener.failed", { name: "question", error: "Error: rejected" }],
    ]);
    expect(listeners.diagnostics.counts).toEqual({ "listener.failed": 2 });
  });

  it("only logs what fails in a listener for diagnostics", () => {
    const { listeners, host } = bench();
    listeners.on("diagnostic", () => {
      throw new Error("thrown");
    });
    listeners.diagnostics.report("odd", { run_id: "R-1" });
    expect(listeners.diagnostics.counts).toEqual({ odd: 1 });
    expect(host.lines.map(({ event }) => event)).toEqual(["odd", "listener.failed"]);
  });

  it("knows the same function twice, each for itself", () => {
    const { listeners } = bench();
    let heard = 0;
    const listen = (): void => void (heard += 1);
    const leave = listeners.on("diagnostic", listen);
    listeners.on("diagnostic", listen);
    leave();
    listeners.emit("diagnostic", "1", {});
    expect(heard).toBe(1);
  });
});
