import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../adapters/client/index.js";
import { call, daemonHere, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";

/** Begins an upload of unknown length over a socket, and leaves it open. */
function beginUpload(socketPath: string, bytes: Uint8Array): { destroy(): void } {
  const outgoing = request({
    socketPath,
    path: "/attachments/raw",
    method: "POST",
    headers: { "Transfer-Encoding": "chunked" },
    agent: false,
  });
  outgoing.on("error", () => {});
  outgoing.write(bytes);
  return outgoing;
}

describe("attachments of a daemon", () => {
  it("outlive kill -9 whole or not at all: what was acknowledged is there, half an upload is gone, missing bytes are told", async () => {
    const place = daemonPlace();
    const folder = join(place.home.state, "attachments");
    const first = daemonProcess(place, ["--no-tcp"]);
    await first.listens;
    const client = await connect({ socketPath: place.home.socket, env: {} });
    const bytes = randomBytes(500_000);
    const kept = await client.attachments.upload(bytes, { filename: "kept.bin" });
    const lost = await client.attachments.upload(bytes, { filename: "lost.bin" });
    expect(kept.path).toBe(join(folder, kept.id));
    beginUpload(place.home.socket, randomBytes(300_000));
    await eventually(() => readdirSync(folder).length === 3);
    first.child.kill("SIGKILL");
    await first.ended;
    await client.close();
    expect(readdirSync(folder)).toHaveLength(3);
    rmSync(join(folder, lost.id));

    await daemonHere(place);
    await eventually(() => readdirSync(folder).length === 1);
    const { status, json } = await call(place.home.socket, "/attachments");
    expect([status, json.attachments]).toEqual([200, [kept]]);
    const again = await connect({ socketPath: place.home.socket, env: {} });
    const hash = createHash("sha256");
    for await (const chunk of (await again.attachments.download({ id: kept.id })).bytes) hash.update(chunk);
    expect(hash.digest("hex")).toBe(kept.sha256);
    await again.close();
    expect(await call(place.home.socket, `/attachments/${lost.id}`)).toMatchObject({ status: 410, json: { code: "attachment_expired" } });
    expect(await call(place.home.socket, `/attachments/${lost.id}/info`)).toMatchObject({ status: 410 });
  });

  it("leave nothing of an upload whose client goes away, or that a shutdown ends", async () => {
    const place = daemonPlace();
    const folder = join(place.home.state, "attachments");
    const daemon = await daemonHere(place);
    const leaving = beginUpload(place.home.socket, randomBytes(300_000));
    await eventually(() => readdirSync(folder).length === 1);
    leaving.destroy();
    await eventually(() => readdirSync(folder).length === 0);
    beginUpload(place.home.socket, randomBytes(300_000));
    await eventually(() => readdirSync(folder).length === 1);
    await daemon.close();
    await eventually(() => readdirSync(folder).length === 0);
  });

  it("get 408 when an upload takes too long, and more time than any other request", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place, { store: "memory" });
    await daemon.close();
    writeFileSync(place.home.config, JSON.stringify({ daemon: { limits: { requestMs: 200, uploadMs: 1_500 } } }), { mode: 0o600 });
    await daemonHere(place, { store: "memory" });
    const answerTo = (path: string, headers: Record<string, string>): Promise<[number | undefined, number]> =>
      new Promise((resolve, reject) => {
        const startedAt = performance.now();
        const outgoing = request({
          socketPath: place.home.socket,
          path,
          method: "POST",
          headers: { "Transfer-Encoding": "chunked", ...headers },
          agent: false,
        });
        outgoing.on("response", (reply) => {
          reply.resume();
          outgoing.destroy();
          resolve([reply.statusCode, performance.now() - startedAt]);
        });
        outgoing.on("error", reject);
        outgoing.write("{");
      });
    const [run, upload] = await Promise.all([answerTo("/runs", { "Content-Type": "application/json" }), answerTo("/attachments/raw", {})]);
    expect([run[0], upload[0]]).toEqual([408, 408]);
    expect(upload[1]).toBeGreaterThan(1_400);
    // On a busy machine both are late.
    expect(upload[1] - run[1]).toBeGreaterThan(500);
    expect(readdirSync(`${join(place.home.state, "attachments")}.memory`)).toEqual([]);
  });

  it("lie in a folder of their own for each store: another store sweeps none of them away", async () => {
    const place = daemonPlace();
    const durable = await daemonHere(place);
    const { id } = (await call(place.home.socket, "/attachments/raw", { method: "POST" })).json;
    await durable.close();
    const passing = await daemonHere(place, { store: "memory" });
    expect((await call(place.home.socket, "/attachments")).json.attachments).toEqual([]);
    await passing.close();
    await daemonHere(place);
    expect(await call(place.home.socket, `/attachments/${id}`)).toMatchObject({ status: 200 });
  });

  it("keep a daemon from starting where their folder is not private", async () => {
    const place = daemonPlace();
    await (await daemonHere(place)).close();
    const folder = join(place.home.state, "attachments");
    rmSync(folder, { recursive: true });
    symlinkSync(place.cwd, folder);
    await expect(daemonHere(place)).rejects.toMatchObject({ exit: 78, message: expect.stringContaining(folder) });
    expect(existsSync(place.home.socket)).toBe(false);
  });

  it("go with an ask: its recipient may read them and no other peer; they stay until it is closed, and longer for its reader", async () => {
    const place = daemonPlace();
    await daemonHere(place, { store: "memory" });
    const { socket } = place.home;
    const register = async (name: string): Promise<string> =>
      (await call(socket, "/peers", { body: { backend: "service", name } })).json.peer_token;
    const [asker, helper, other] = [await register("asker"), await register("helper"), await register("other")];
    const upload = async (token: string): Promise<string> =>
      (await call(socket, "/attachments/raw?filename=a.txt", { method: "POST", token })).json.id;
    const id = await upload(asker);
    const read = async (token: string): Promise<unknown> => (await call(socket, `/attachments/${id}`, { token })).status;
    expect([await read(asker), await read(helper), await read(other)]).toEqual([200, 404, 404]);

    const foreign = await call(socket, "/ask", { token: other, body: { to_peer: "helper", text: "look", attachments: [id] } });
    expect(foreign).toMatchObject({ status: 422, json: { code: "attachment_not_found" } });
    const asked = await call(socket, "/ask", { token: asker, body: { to_peer: "helper", text: "look", attachments: [{ id }] } });
    expect(asked.status).toBeLessThan(300);
    const { correlation_id } = asked.json;
    const shown = await call(socket, `/asks/${correlation_id}`, { token: helper });
    expect(shown.json.attachments).toEqual([expect.objectContaining({ id, filename: "a.txt", size_bytes: 0 })]);
    expect([await read(helper), await read(other)]).toEqual([200, 404]);
    const remove = (): Promise<{ status: number }> => call(socket, `/attachments/${id}`, { token: asker, method: "DELETE" });
    expect(await remove()).toMatchObject({ status: 409, json: { code: "attachment_in_use" } });
    expect(await call(socket, `/attachments/${id}`, { token: helper, method: "DELETE" })).toMatchObject({ status: 403 });

    // The reply brings a file of the other one.
    const reply = await upload(helper);
    const acked = await call(socket, "/ack", { token: helper, body: { correlation_id, message: "done", attachments: [reply] } });
    expect(acked.status).toBeLessThan(300);
    expect((await call(socket, `/attachments/${reply}`, { token: asker })).status).toBe(200);
    expect(await read(helper)).toBe(200);
  });
});
