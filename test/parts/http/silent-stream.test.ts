import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createNodeDoor } from "../../../adapters/http/index.js";
import { resolveLimits } from "../../../lib/limits.js";

const stallMs = 400;
/** More than the buffers of a connection hold, so that the door waits for its reader. */
const pieceBytes = 16 * 1024 * 1024;

/** Much at once, silence for longer than a reader may stall, and one byte more. */
async function* fitfulBody(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(pieceBytes);
  await pause(3 * stallMs);
  yield new Uint8Array(1);
}

it("keeps a reader that took everything and waits for more", async () => {
  const handle = async () => ({ status: 200, headers: { "Content-Type": "application/octet-stream" }, body: fitfulBody() });
  const door = createNodeDoor(handle, { kind: "tcp", hosts: [], origins: [] }, { limits: resolveLimits({ stallMs }) });
  const server = createServer(door.serverOptions);
  door.attach(server);
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  expect(bytes.length - bytes.indexOf("\r\n\r\n") - 4).toBe(pieceBytes + 1);
});
