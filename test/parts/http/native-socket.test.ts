import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openNativeSocket } from "../../../adapters/client/native-socket.js";
import { daemonHere, daemonPlace } from "../../support/daemon.js";

const patient = { timeout: 10_000 };

/** A daemon, and sockets to it by the WebSocket that Node itself has; over a Unix socket only Bun's can. */
async function open() {
  const daemon = await daemonHere(daemonPlace());
  const address = daemon.addresses.find((one) => one.startsWith("http://")) ?? "";
  const token = readFileSync(daemon.home.token, "utf8").trim();
  const place = { url: `${address.replace("http", "ws")}/ws`, address, connectMs: 5_000 };
  const heard: Record<string, unknown>[] = [];
  const closed: number[] = [];
  const events = {
    message: (text: string) => void heard.push(JSON.parse(text) as Record<string, unknown>),
    closed: (code: number) => void closed.push(code),
  };
  return { daemon, place, headers: { authorization: `Bearer ${token}` }, events, heard, closed };
}

describe("The socket of a runtime that has only its own", () => {
  it("speaks with the daemon in both directions, and hears how it was closed", async () => {
    const { place, headers, events, heard, closed } = await open();
    const connect = JSON.stringify({ type: "connect", v: 1, backend: "service", name: "worker" });
    const first = await openNativeSocket(place, headers, events);
    first.send(connect);
    await vi.waitFor(() => expect(heard[0]).toMatchObject({ type: "connected", display_name: "worker" }), patient);
    const { peer_id } = heard[0] as { peer_id: string };
    const second = await openNativeSocket(place, headers, { ...events, closed: () => {} });
    onTestFinished(() => second.close());
    second.send(connect.replace("}", `,"peer_id":"${peer_id}"}`));
    await vi.waitFor(() => expect(closed).toEqual([4005]), patient);
  });

  it("says why it is refused, and that nobody is there", async () => {
    const { daemon, place, events } = await open();
    const wrong = { authorization: "Bearer wrong-0123456789abcdef" };
    await expect(openNativeSocket(place, wrong, events)).rejects.toMatchObject({ code: "auth_invalid", status: 401 });
    await daemon.close();
    await expect(openNativeSocket(place, wrong, events)).rejects.toMatchObject({ code: "connection_refused" });
  });
});
