import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPanes } from "../../../../lib/node/tmux/find-panes.js";
import { createTmuxPanes } from "../../../../lib/node/tmux/tmux-panes.js";
import type { PaneBackend, Probe } from "../../../../lib/panes/pane-backend.js";
import { hasTmux, recorded, recorder, startTmux, type TmuxServer, until } from "../../../support/tmux.js";

describe.skipIf(!hasTmux)("tmux (needs tmux)", () => {
  let server: TmuxServer;
  let panes: PaneBackend;
  beforeEach(() => {
    server = startTmux();
    panes = server.panes();
  });
  afterEach(() => server.close());

  const found = <Found>(probe: Probe<Found>): Found => (probe.probe === "ok" ? probe.found : expect.fail(`it is ${probe.probe}`));
  /** A pane with a recorder, ready to read. */
  const record = async (session: string): Promise<{ paneId: string; file: string }> => {
    const file = join(server.folder, `${session}.bytes`);
    const paneId = server.open(session, recorder(file));
    await until(() => server.tmux("capture-pane", "-p", "-t", paneId).includes("ready"));
    return { paneId, file };
  };

  it("starts no server by looking, and says that there are no panes, not that one is gone", async () => {
    expect([await panes.list(), (await panes.get("%0")).probe]).toEqual([{ probe: "ok", found: [] }, "unavailable"]);
    expect(() => server.tmux("list-sessions")).toThrow("error connecting");
  });

  it("is certain that a pane is gone when its server has ended", async () => {
    const paneId = server.open("one", ["sleep", "100"]);
    expect((await panes.get(paneId)).probe).toBe("ok");
    server.tmux("kill-server");
    await until(() => {
      try {
        return server.tmux("list-sessions") === "never";
      } catch (error) {
        return String(error).includes("no server running");
      }
    });
    expect([(await panes.get(paneId)).probe, (await panes.tree(paneId)).probe]).toEqual(["fail", "fail"]);
    await expect(panes.paste(paneId, "text")).rejects.toMatchObject({ code: "pane_not_found" });
  });

  it("knows nothing of a pane whose server lives behind a socket that was cleaned away", async () => {
    const paneId = server.open("one", ["sleep", "100"]);
    const pid = Number(server.tmux("display-message", "-p", "#{pid}"));
    const socket = server.tmux("display-message", "-p", "#{socket_path}").trim();
    rmSync(socket);
    try {
      expect([(await panes.get(paneId)).probe, (await panes.tree(paneId)).probe]).toEqual(["unavailable", "unavailable"]);
    } finally {
      // A server makes its socket anew when it is told to.
      process.kill(pid, "SIGUSR1");
      await until(() => {
        try {
          return server.tmux("list-sessions") !== "";
        } catch {
          return false;
        }
      });
    }
  });

  it("reads names and folders of any form, and lets none of them stand for a pane", async () => {
    const folder = join(server.folder, "a\n%9|x|1|0\tb é 漢 #{pane_id} 'c\"");
    mkdirSync(folder);
    const paneId = server.open("se ssion é", ["sleep", "100"], folder);
    server.tmux("rename-window", "-t", paneId, "w\t|in%dow");
    const list = found(await panes.list());
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({ pane_id: paneId, cwd: folder, session: "se ssion é", command: "sleep", in_mode: false });
    const made = await panes.create?.({ session: "#{pid}", cwd: folder, argv: ["sleep", "100"] });
    expect(made).toMatchObject({ cwd: folder, session: "#{pid}" });
  });

  it("finds no process in a pane whose program has ended", async () => {
    server.open("keeper", ["sleep", "100"]);
    server.tmux("set-option", "-g", "remain-on-exit", "on");
    const paneId = server.open("one", ["true"]);
    await until(() => server.tmux("display-message", "-p", "-t", paneId, "#{pane_dead}").trim() === "1");
    expect([(await panes.get(paneId)).probe, await panes.tree(paneId)]).toEqual(["ok", { probe: "ok", found: [] }]);
  });

  it("leaves nothing of a paste in a buffer, whether it arrived or not", async () => {
    const { paneId, file } = await record("one");
    await panes.paste(paneId, "secret text");
    await expect(panes.paste("%99", "secret text")).rejects.toMatchObject({ code: "pane_not_found" });
    await recorded(file, "\x1b[201~");
    expect(server.tmux("list-buffers")).toBe("");
  });

  it("gives a pane that it makes no variable of ours but the usual ones", async () => {
    const env = { ...server.env, ANODE_TOKEN: "secret", API_KEY: "secret" };
    const made = await createTmuxPanes({ socketName: "anode-test", env, timeoutMs: 10_000 }).create?.({
      session: "a.b",
      cwd: server.folder,
      argv: ["sh", "-c", "env >env.txt; exec sleep 100"],
    });
    const file = join(server.folder, "env.txt");
    expect(await recorded(file, "\n")).toContain("PATH=");
    expect(await recorded(file, "\n")).not.toContain("secret");
    expect(made?.session).toBe("a_b");
  });

  it("waits for an answer no longer than its time, and does not call that an answer", async () => {
    const program = join(server.folder, "hanging-tmux");
    writeFileSync(program, "#!/bin/sh\nexec sleep 60\n");
    chmodSync(program, 0o755);
    const hanging = createTmuxPanes({ program, env: server.env, timeoutMs: 100 });
    expect(await hanging.get("%0")).toEqual({ probe: "unavailable", reason: "tmux gave no answer within 100 ms" });
    await expect(hanging.paste("%0", "text")).rejects.toMatchObject({ code: "pane_backend_unavailable" });
  });

  it("submits each of many hostile texts once", { timeout: 60_000 }, async () => {
    const { paneId, file } = await record("one");
    const pieces = [
      "\n",
      "\r",
      "\r\n",
      "\x1b",
      "\x1b[201~",
      "\x9b201~",
      "\x03",
      "\x04",
      "\0",
      "-t",
      "; kill-server",
      "#{pane_id}",
      "$(id)",
      "%0",
      "~",
      "\x85",
      "é",
      "word",
    ];
    const texts = Array.from(
      { length: 200 },
      (_, index) =>
        Array.from({ length: 6 }, (_piece, at) => pieces[(index * 7 + at * ((index % 5) + 1)) % pieces.length]).join("") + index,
    );
    for (const text of texts) {
      await panes.paste(paneId, text);
      await panes.submit(paneId);
    }
    await panes.paste(paneId, "the end");
    const read = await recorded(file, "the end\x1b[201~", 20_000);
    // Whatever was in the texts: 200 pastes of 200 brackets, each with one Enter behind it.
    expect(read.split("\r")).toHaveLength(201);
    for (const [index, paste] of read.split("\r").slice(0, -1).entries()) {
      expect(paste).toMatch(/^\x1b\[200~[^\x00-\x08\x0b-\x1f\x7f-\x9f]*\x1b\[201~$/);
      expect(paste.endsWith(`${index}\x1b[201~`)).toBe(true);
    }
  });
});

describe("findPanes", () => {
  it("finds none where tmux is not installed", async () => {
    const panes = findPanes({ program: "/nonexistent/tmux" });
    expect([panes.kind, await panes.list()]).toEqual(["none", { probe: "unavailable", reason: "tmux is not installed" }]);
    await expect(panes.paste("%0", "text")).rejects.toMatchObject({ code: "pane_backend_unavailable" });
  });

  it.skipIf(!hasTmux)("finds those of tmux where it is installed (needs tmux)", () => {
    expect(findPanes().kind).toBe("tmux");
  });
});
