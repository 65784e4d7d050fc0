import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { programInFront } from "../../../../lib/panes/agent-of.js";
import { type KnownProcess, lookAtPane } from "../../../../lib/panes/look-at-pane.js";
import { pasteOnce } from "../../../../lib/panes/paste.js";
import type { PaneBackend } from "../../../../lib/panes/pane-backend.js";
import { systemHost } from "../../../../lib/system-host.js";
import { hasTmux, recorded, recorder, startTmux, type TmuxServer, until } from "../../../support/tmux.js";

describe.skipIf(!hasTmux)("a paste into an agent's pane in tmux (needs tmux)", () => {
  let server: TmuxServer;
  let panes: PaneBackend;
  beforeEach(() => {
    server = startTmux();
    panes = server.panes();
  });
  afterEach(() => server.close());

  const ports = (onlyIdle = async () => true) => ({ panes, clock: systemHost.clock, onlyIdle, enterAfterMs: 20 });
  const screen = (paneId: string): string => server.tmux("capture-pane", "-p", "-t", paneId);
  /** A shell in a pane, and in it a job that stands for an agent. */
  const shellWith = async (command: string, shown: string): Promise<{ paneId: string; agent: KnownProcess }> => {
    const paneId = server.open("one", ["/bin/bash", "--norc", "--noprofile", "-i"]);
    server.tmux("send-keys", "-t", paneId, "-l", `PS1='$ '; ${command}`);
    server.tmux("send-keys", "-t", paneId, "Enter");
    await until(() =>
      screen(paneId)
        .split("\n")
        .some((line) => line === shown),
    );
    const tree = await panes.tree(paneId);
    const agent = tree.probe === "ok" ? programInFront(tree.found) : undefined;
    return { paneId, agent: agent ?? expect.fail("nobody is in front") };
  };

  it("reaches an agent below a shell, as one paste and one Enter", async () => {
    const file = join(server.folder, "bytes");
    const { paneId, agent } = await shellWith(
      recorder(file)
        .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
        .join(" "),
      "ready",
    );
    expect(await pasteOnce("two\nlines", { pane_id: paneId, agent }, ports())).toEqual({ status: "injected" });
    expect(await recorded(file, "\r")).toBe("\x1b[200~two\nlines\x1b[201~\r");
  });

  it("does not reach the shell of an agent that is stopped, nor one that has ended", async () => {
    const { paneId, agent } = await shellWith("echo here; sleep 100", "here");
    const target = { pane_id: paneId, agent };
    expect(await lookAtPane(panes, paneId, agent)).toMatchObject({ agent_in_tree: true, agent_in_front: true });
    server.tmux("send-keys", "-t", paneId, "C-z");
    await until(() => screen(paneId).includes("Stopped"));
    expect(await lookAtPane(panes, paneId, agent)).toMatchObject({ agent_in_tree: true, agent_in_front: false });
    expect(await pasteOnce("echo PWNED", target, ports())).toEqual({ status: "rejected", detail: "pane_unsafe" });
    server.tmux("send-keys", "-t", paneId, "-l", "kill %1; fg");
    server.tmux("send-keys", "-t", paneId, "Enter");
    await until(() => screen(paneId).includes("Terminated"));
    expect(await pasteOnce("echo PWNED", target, ports())).toEqual({ status: "rejected", detail: "pane_unsafe" });
    expect(screen(paneId)).not.toContain("PWNED");
  });

  it("presses no Enter for the shell when the agent ends between the paste and Enter", async () => {
    const { paneId, agent } = await shellWith("echo here; sleep 0.5", "here");
    // What the agent has not read is in the shell's line by now: Enter would run it.
    const receipt = await pasteOnce("echo PWN''ED", { pane_id: paneId, agent }, { ...ports(), enterAfterMs: 1_000 });
    expect(receipt).toEqual({ status: "failed", detail: "not_submitted: pane_unsafe" });
    await until(() => screen(paneId).includes("$ echo PWN"));
    expect(screen(paneId).split("\n")).not.toContain("PWNED");
  });

  it("types nothing while the pane is in copy mode", async () => {
    const file = join(server.folder, "bytes");
    const paneId = server.open("one", recorder(file));
    await until(() => screen(paneId).includes("ready"));
    const tree = await panes.tree(paneId);
    const agent = (tree.probe === "ok" ? tree.found[0] : undefined) ?? expect.fail("no process");
    server.tmux("copy-mode", "-t", paneId);
    expect(await pasteOnce("text", { pane_id: paneId, agent }, ports())).toEqual({ status: "rejected", detail: "copy_mode" });
    server.tmux("send-keys", "-t", paneId, "-X", "cancel");
    expect(await pasteOnce("text", { pane_id: paneId, agent }, ports())).toEqual({ status: "injected" });
    expect(await recorded(file, "\r")).toBe("\x1b[200~text\x1b[201~\r");
  });

  it("is missing when the pane has ended", async () => {
    server.open("keeper", ["sleep", "100"]);
    const paneId = server.open("two", ["sleep", "100"]);
    const tree = await panes.tree(paneId);
    const agent = (tree.probe === "ok" ? tree.found[0] : undefined) ?? expect.fail("no process");
    server.tmux("kill-pane", "-t", paneId);
    expect(await pasteOnce("text", { pane_id: paneId, agent }, ports())).toEqual({ status: "rejected", detail: "pane_missing" });
  });
});
