import { describe, expect, it } from "vitest";
import { createMemoryPanes, type MemoryPane, type MemoryPanes } from "../../../lib/panes/memory-panes.js";
import { type PasteReceipt, pasteOnce } from "../../../lib/panes/paste.js";
import { createPaster } from "../../../lib/panes/paster.js";
import { createManualClock, type ManualClock } from "../../../lib/testing/manual-clock.js";

/** An agent below a shell in a pane, and what was reported of it. */
interface Bench {
  readonly panes: MemoryPanes;
  readonly clock: ManualClock;
  readonly pane: MemoryPane;
  readonly agent: { readonly pid: number; readonly started: number };
  idle: boolean;
  /** Pastes to the end, however much time that takes. */
  paste(text?: string): Promise<PasteReceipt>;
}

const shell = { pid: 10, ppid: 1, name: "bash", started: 100, foreground: false };
const agent = { pid: 11, ppid: 10, name: "claude", started: 110, foreground: true };
const whole = "\x1b[200~hello\x1b[201~\r";

function bench(): Bench {
  const panes = createMemoryPanes();
  const clock = createManualClock();
  const pane = panes.add({ pid: 10, processes: [shell, agent] });
  const self: Bench = {
    panes,
    clock,
    pane,
    agent,
    idle: true,
    async paste(text = "hello") {
      const receipt = pasteOnce(text, { pane_id: pane.pane_id, agent }, { panes, clock, onlyIdle: async () => self.idle });
      await clock.advance(400);
      return receipt;
    },
  };
  return self;
}

describe("pasteOnce", () => {
  it("pastes, waits, presses Enter once and says so", async () => {
    const { panes, pane, paste } = bench();
    expect(await paste()).toEqual({ status: "injected" });
    expect(panes.inputOf(pane.pane_id)).toBe(whole);
  });

  it("gives the agent time between the text and Enter", async () => {
    const { panes, clock, pane } = bench();
    const receipt = pasteOnce("hello", { pane_id: pane.pane_id, agent }, { panes, clock, onlyIdle: async () => true });
    await clock.advance(399);
    expect(panes.inputOf(pane.pane_id)).toBe(whole.slice(0, -1));
    await clock.advance(1);
    expect([await receipt, panes.inputOf(pane.pane_id)]).toEqual([{ status: "injected" }, whole]);
  });

  it.each<[string, string, (bench: Bench) => void]>([
    ["the agent is not idle", "not_idle", (self) => void (self.idle = false)],
    ["the pane is in copy mode", "copy_mode", ({ panes, pane }) => panes.change(pane.pane_id, { in_mode: true })],
    [
      "the agent has ended and its shell is left",
      "pane_unsafe",
      ({ panes, pane }) => panes.change(pane.pane_id, { processes: [{ ...shell, foreground: true }] }),
    ],
    [
      "another process has the agent's number",
      "pane_unsafe",
      ({ panes, pane }) => panes.change(pane.pane_id, { processes: [shell, { ...agent, started: 111 }] }),
    ],
    [
      "the agent is stopped and its shell reads the terminal",
      "pane_unsafe",
      ({ panes, pane }) =>
        panes.change(pane.pane_id, {
          processes: [
            { ...shell, foreground: true },
            { ...agent, foreground: false },
          ],
        }),
    ],
    ["the pane is gone", "pane_missing", ({ panes, pane }) => panes.remove(pane.pane_id)],
    ["nothing can be known of panes", "pane_unavailable", ({ panes }) => panes.breakDown("no server")],
  ])("types nothing when %s: %s", async (_, detail, happen) => {
    const self = bench();
    happen(self);
    expect(await self.paste()).toEqual({ status: "rejected", detail });
    expect(self.panes.inputOf(self.pane.pane_id)).toBe("");
  });

  it("types nothing when it cannot be known whether the agent is idle", async () => {
    const { panes, clock, pane } = bench();
    const onlyIdle = () => Promise.reject(new Error("no daemon"));
    expect(await pasteOnce("hello", { pane_id: pane.pane_id, agent }, { panes, clock, onlyIdle })).toEqual({
      status: "rejected",
      detail: "not_idle",
    });
    expect(panes.inputOf(pane.pane_id)).toBe("");
  });

  it("types nothing when a dialog opened while the pane was looked at", async () => {
    const self = bench();
    self.panes.before = (call) => void (call === "tree" && (self.idle = false));
    expect(await self.paste()).toEqual({ status: "rejected", detail: "not_idle" });
    expect(self.panes.inputOf(self.pane.pane_id)).toBe("");
  });

  it.each<[string, string, (bench: Bench) => void]>([
    ["a dialog opened", "not_submitted: not_idle", (self) => void (self.idle = false)],
    ["the pane went into copy mode", "not_submitted: copy_mode", ({ panes, pane }) => panes.change(pane.pane_id, { in_mode: true })],
    [
      "the agent ended, and its shell would run the text",
      "not_submitted: pane_unsafe",
      ({ panes, pane }) => panes.change(pane.pane_id, { processes: [{ ...shell, foreground: true }] }),
    ],
    ["the pane ended", "not_submitted: pane_missing", ({ panes, pane }) => panes.remove(pane.pane_id)],
  ])("presses no Enter when %s after the paste", async (_, detail, happen) => {
    const self = bench();
    self.clock.schedule(() => happen(self), 200);
    expect(await self.paste()).toEqual({ status: "failed", detail });
    expect(self.panes.inputOf(self.pane.pane_id)).toBe(whole.slice(0, -1));
  });

  it.each(["paste", "submit"] as const)("is failed when the pane ends at the %s itself, and tries nothing twice", async (when) => {
    const self = bench();
    let calls = 0;
    self.panes.before = (call, paneId) => {
      if (call !== when) return;
      calls += 1;
      self.panes.remove(paneId ?? "");
    };
    expect(await self.paste()).toEqual({ status: "failed", detail: "pane_not_found" });
    expect(calls).toBe(1);
  });

  it("never sends Enter a second time, even when the first one may not have arrived", async () => {
    const self = bench();
    let enters = 0;
    self.panes.before = (call) => {
      if (call !== "submit") return;
      enters += 1;
      self.panes.breakDown("no answer in time");
    };
    expect(await self.paste()).toEqual({ status: "failed", detail: "pane_backend_unavailable" });
    await self.clock.advance(60_000);
    expect(enters).toBe(1);
  });

  it("submits a hostile text once, as one paste", async () => {
    const { panes, pane, paste } = bench();
    await paste("\x1b[201~\rrm -rf ~\r\n\x03\x9b201~y\r");
    expect(panes.inputOf(pane.pane_id)).toBe("\x1b[200~[201~rm -rf ~\n201~y\x1b[201~\r");
  });
});

describe("createPaster", () => {
  const paster = (self: Bench) => {
    const { paste } = createPaster({ panes: self.panes, clock: self.clock, onlyIdle: async () => self.idle });
    return (delivery_id: string, text = delivery_id) => paste(delivery_id, text, { pane_id: self.pane.pane_id, agent });
  };

  it("types a message that comes again only once, and gives its receipt again", async () => {
    const self = bench();
    const paste = paster(self);
    const receipts = [paste("a"), paste("a"), paste("a")];
    await self.clock.advance(2_000);
    expect(await Promise.all(receipts)).toEqual([{ status: "injected" }, { status: "injected" }, { status: "injected" }]);
    expect(self.panes.inputOf(self.pane.pane_id)).toBe("\x1b[200~a\x1b[201~\r");
  });

  it("does not type again what was typed and not submitted", async () => {
    const self = bench();
    const paste = paster(self);
    self.clock.schedule(() => void (self.idle = false), 200);
    const first = paste("a");
    await self.clock.advance(400);
    self.idle = true;
    const again = paste("a");
    await self.clock.advance(400);
    expect([await first, await again]).toEqual(Array(2).fill({ status: "failed", detail: "not_submitted: not_idle" }));
    expect(self.panes.inputOf(self.pane.pane_id)).toBe("\x1b[200~a\x1b[201~");
  });

  it("types a message that was rejected before when it comes again", async () => {
    const self = bench();
    const paste = paster(self);
    self.idle = false;
    expect(await paste("a")).toEqual({ status: "rejected", detail: "not_idle" });
    self.idle = true;
    const again = paste("a");
    await self.clock.advance(400);
    expect(await again).toEqual({ status: "injected" });
  });

  it("types one message after the other, never two into each other", async () => {
    const self = bench();
    const paste = paster(self);
    const receipts = ["a", "b"].map((text) => paste(text));
    await self.clock.advance(1_000);
    await Promise.all(receipts);
    expect(self.panes.inputOf(self.pane.pane_id)).toBe("\x1b[200~a\x1b[201~\r\x1b[200~b\x1b[201~\r");
  });

  it("remembers so many messages and no more", async () => {
    const self = bench();
    const { paste } = createPaster({ panes: self.panes, clock: self.clock, onlyIdle: async () => true }, 2);
    for (const id of ["a", "b", "a", "c", "b", "a"]) {
      const receipt = paste(id, id, { pane_id: self.pane.pane_id, agent });
      await self.clock.advance(400);
      await receipt;
    }
    expect(self.panes.inputOf(self.pane.pane_id).replaceAll(/\x1b\[20[01]~|\r/g, "")).toBe("abca");
  });
});
