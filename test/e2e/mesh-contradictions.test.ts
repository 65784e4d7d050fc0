import { describe, expect, onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import { systemReader } from "../../lib/node/index.js";
import { createTestHost, type TestHost } from "../../lib/testing/index.js";
import { call, daemonHere, daemonPlace } from "../support/daemon.js";
import { newUser, programPath, says, scriptedDaemon, type User } from "../support/program.js";
import { verifies, verifiesWith } from "./verifies.js";

const inPane = { backend: "codex", name: "api", pane_id: "%7", session_id: "s-1" } as const;
/** There by its registration, and without the socket that its backend needs. */
const mute = { backend: "codex", name: "mute", session_id: "s-2" } as const;
/** The same, with a process that no restart of a daemon ends: this one. */
const alive = () => ({ ...mute, agent_pid: process.pid, agent_started: String(systemReader().read(process.pid)?.startTicks) });
const minute = 60_000;

async function toldOf({ events }: Client): Promise<unknown[]> {
  const told = await events.list({ types: "peer.contradiction" });
  return told.events.map(({ payload }) => payload["code"]);
}

/** A user with a daemon in this process, and its owner's client. */
async function userWithDaemon(): Promise<{ user: User; client: Client; url: string }> {
  const user = newUser();
  const { addresses } = await scriptedDaemon(user);
  const client = await connect({ env: user.env });
  onTestFinished(() => client.close());
  return { user, client, url: addresses.find((address) => address.startsWith("http")) ?? "" };
}

describe("a peer whose link is still to come", () => {
  verifies("mesh.peers.awaiting-link", async ({ client }) => {
    const { peer } = await client.peers.register(inPane);
    const waits = { status: "offline", status_reason: "awaiting_link", display_name: "api", pane_id: "%7" };
    expect(peer).toMatchObject(waits);
    const { peer: other, pane_assigned } = await client.peers.register({ ...inPane, session_id: "s-2" });
    expect([other.display_name, pane_assigned]).toEqual(["api-2", false]);
    expect(await client.messages.notify({ to_peer: "api", text: "The build is red." })).toMatchObject({ delivery_state: "queued" });
    expect((await client.messages.broadcast({ text: "All of you" })).queued).toContain(peer.peer_id);
    expect(await client.peers.get({ id: peer.peer_id })).toMatchObject({ ...waits, queued_count: 2 });
    expect((await client.peers.list({ status: "offline" })).peers).toMatchObject([waits]);
  });

  verifiesWith("mesh.peers.awaiting-link", "cli", async () => {
    const { user, client, url } = await userWithDaemon();
    const { peer_token = "" } = await client.peers.register(inPane);
    expect((await user.anode("peers", "list", "--status", "offline", "--json")).out).toContain('"status_reason":"awaiting_link"');
    expect((await user.anode("peers", "show", "api")).out).toMatch(/offline.*awaiting_link/s);
    expect(await user.anode("notify", "api", "The build is red.")).toMatchObject({ code: 0, err: expect.stringContaining("waits") });
    const own = await user.run("env", `ANODE_TOKEN=${peer_token}`, process.execPath, programPath, "peers", "whoami", "--daemon", url);
    expect([own.code, own.err]).toEqual([0, ""]);
    expect(JSON.parse((await user.anode("peers", "show", "api", "--json")).out)).toMatchObject({ status: "online", queued_count: 1 });
  });

  verifiesWith("mesh.peers.awaiting-link", "curl", async () => {
    const { user, url } = await userWithDaemon();
    const json = ["-H", "Content-Type: application/json", "-d"];
    const curl = async (path: string, ...words: string[]) => JSON.parse((await user.run("curl", "-sS", url + path, ...words)).out);
    const { peer, peer_token } = await curl("/peers", ...json, JSON.stringify(inPane));
    expect(peer).toMatchObject({ status: "offline", status_reason: "awaiting_link" });
    expect(await curl("/notify", ...json, '{"to_peer":"api","text":"The build is red."}')).toMatchObject({ delivery_state: "queued" });
    expect(await curl("/peers/api")).toMatchObject({ status: "offline", status_reason: "awaiting_link" });
    expect(await curl("/peers/self", "-H", `Authorization: Bearer ${peer_token}`)).toMatchObject({ status: "online" });
  });
});

describe("a contradiction", () => {
  verifies(
    "mesh.peers.contradiction",
    async ({ client, manager }) => {
      const { advance } = (manager.host as TestHost).clock;
      const { peer_id } = (await client.peers.register(mute)).peer;
      await advance(minute);
      const [event] = (await client.events.list({ types: "peer.contradiction" })).events;
      expect(event).toMatchObject({ peer_id, payload: { peer_id, code: "ONLINE_BUT_NO_WS", severity: "error", remedy: "rehook" } });
      await advance(minute);
      expect(await toldOf(client)).toEqual(["ONLINE_BUT_NO_WS"]);
      // Nobody expects a socket of one that is away.
      await client.peers.offline({ id: peer_id });
      await advance(minute);
      await client.peers.register(mute);
      await advance(minute);
      expect(await toldOf(client)).toEqual(["ONLINE_BUT_NO_WS", "ONLINE_BUT_NO_WS"]);
    },
    { host: createTestHost },
  );

  verifiesWith("mesh.peers.contradiction", "curl", async () => {
    const place = daemonPlace();
    const first = await daemonHere(place);
    expect((await call(place.home.socket, "/peers", { body: alive() })).status).toBe(201);
    await first.close();
    const { addresses } = await daemonHere(place);
    const url = addresses.find((address) => address.startsWith("http")) ?? "";
    const curl = async (path: string) => JSON.parse((await newUser().run("curl", "-sS", url + path)).out);
    // Before it is told of others, they are looked at.
    expect(await curl("/peers/mute")).toMatchObject({ status: "online", inbound_status: "no_hook" });
    expect(await curl("/events?types=peer.contradiction")).toMatchObject({
      events: [{ type: "peer.contradiction", payload: { code: "ONLINE_BUT_NO_WS", severity: "error" } }],
    });
  });

  verifiesWith("mesh.peers.contradiction", "cli", async () => {
    const user = newUser();
    const told = async () => (await user.anode("events", "--types", "peer.contradiction")).out.trim().split("\n").filter(Boolean);
    for (const life of [1, 2, 3]) {
      const daemon = user.start("daemon");
      await says(daemon, "listening on http:");
      if (life === 1) {
        const client = await connect({ env: user.env });
        await client.peers.register(alive());
        await client.close();
      } else {
        expect(JSON.parse((await user.anode("peers", "show", "mute", "--json")).out)).toMatchObject({ status: "online" });
        expect(await told()).toMatchObject([expect.stringMatching(/peer\.contradiction.*ONLINE_BUT_NO_WS/)]);
      }
      daemon.kill("SIGKILL");
      await new Promise((resolve) => daemon.once("exit", resolve));
    }
  });
});
