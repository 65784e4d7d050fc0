import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, it } from "vitest";
import { createNodeDoor } from "../../../adapters/http/index.js";
import type { ByteStream } from "../../../lib/contract/operation.js";
import { resolveLimits } from "../../../lib/limits.js";

const pieces = 24;
/** More than the buffers of a connection hold, so that a reader that rests makes the door wait. */
const pieceBytes = 512 * 1024;

/** Pieces that each hold their own number, and are wiped when they are said to be used up. */
function wipedBody(): { body: ByteStream; freed: () => number } {
  let last = new Uint8Array(0);
  let freed = 0;
  async function* read(): AsyncGenerator<Uint8Array> {
    for (let i = 1; i <= pieces; i += 1) {
      last = new Uint8Array(pieceBytes).fill(i);
      yield last;
    }
  }
  const free = (): void => {
    freed += 1;
    last.fill(255);
  };
  return { body: Object.assign(read(), { free }), freed: () => freed };
}

it("frees what was written out when the kernel has it, and not before, however slowly the reader takes it", async () => {
  const { body, freed } = wipedBody();
  const handle = async () => ({ status: 200, headers: { "Content-Type": "application/octet-stream" }, body });
  const door = createNodeDoor(handle, { kind: "tcp", hosts: [], origins: [] }, { limits: resolveLimits(), log: () => {} });
  const server = createServer(door.serverOptions);
  door.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    socket.pause();
    setImmediate(() => socket.resume());
  });
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "close");
  const bytes = Buffer.concat(chunks);
  const content = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  expect(content.length).toBe(pieces * pieceBytes);
  for (let i = 0; i < pieces; i += 1) {
    const piece = content.subarray(i * pieceBytes, (i + 1) * pieceBytes);
    expect([i, piece.every((byte) => byte === i + 1)]).toEqual([i, true]);
  }
  expect(freed()).toBe(pieces);
  server.close();
});
