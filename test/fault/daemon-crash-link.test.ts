import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { hasTmux, startTmux } from "../support/tmux.js";

/** A daemon in the environment of a tmux server with one pane; its hooks start and never connect. */
function place() {
  const server = startTmux("default");
  onTestFinished(() => server.close());
  const own = daemonPlace();
  const env = { ...own.env, TMUX_TMPDIR: server.env["TMUX_TMPDIR"] ?? "" };
  const started = join(own.cwd, "hook-started");
  const hook = join(own.cwd, "hook.cjs");
  writeFileSync(hook, `require("fs").writeFileSync(${JSON.stringify(started)}, ""); setTimeout(() => {}, 60_000);`);
  return { ...own, env, started, pane: server.open("api", ["sleep", "100"]), flags: ["--no-tcp", "--hook-program", hook] };
}

describe.skipIf(!hasTmux)("a daemon that is killed while it links a pane (needs tmux)", () => {
  const isRegistered = async ({ home }: ReturnType<typeof place>): Promise<boolean> =>
    (await call(home.socket, "/peers")).json.peers.some((peer: { status_reason?: string }) => peer.status_reason === "awaiting_link");

  it.each<[string, (at: ReturnType<typeof place>) => Promise<unknown>]>([
    ["at some moment of the registration", () => later(Math.random() * 60)],
    ["when the peer is registered", (at) => eventually(() => isRegistered(at))],
    ["when the file of the hook is written", ({ home }) => eventually(() => existsSync(home.peers) && readdirSync(home.peers).length > 0)],
    ["when the hook has started", ({ started }) => eventually(() => existsSync(started))],
  ])("%s: nothing of the link is left after its next start, and the pane can be linked", async (_, moment) => {
    const at = place();
    const { home, flags, pane } = at;
    const daemon = daemonProcess(at, flags);
    await daemon.listens;
    const link = call(home.socket, `/panes/${pane.slice(1)}/link`, { body: { backend: "codex", name: "linked" } }).catch(() => "cut");
    await moment(at);
    daemon.child.kill("SIGKILL");
    await daemon.ended;
    expect(await link).toBe("cut");

    const next = daemonProcess(at, flags);
    await next.listens;
    const { json } = await call(home.socket, "/peers");
    expect(json.peers.filter(({ display_name }: { display_name: string }) => display_name === "linked")).toEqual([]);
    expect(existsSync(home.peers) ? readdirSync(home.peers) : []).toEqual([]);
    expect((await call(home.socket, "/auth/tokens")).json.tokens).toEqual([]);
    expect((await call(home.socket, "/panes/orphans")).json.panes).toMatchObject([{ pane_id: pane }]);
    void call(home.socket, `/panes/${pane.slice(1)}/link`, { body: { backend: "codex", name: "linked" } }).catch(() => {});
    expect(await eventually(() => isRegistered(at))).toBe(true);
  });
});
