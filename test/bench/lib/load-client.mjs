import { connect } from "node:net";
import { once } from "node:events";

/**
 * Sends requests over keep-alive connections on raw sockets, each connection its next one when it has its answer.
 * `request(i)` is the text of request number i.
 */
export async function sendAll({ path, connections, requests, request }) {
  const sockets = [];
  for (let i = 0; i < connections; i += 1) {
    const socket = connect({ path });
    await once(socket, "connect");
    sockets.push(socket);
  }
  let next = 0;
  const take = () => (next < requests ? request(next++) : undefined);
  const startedAt = performance.now();
  await Promise.all(sockets.map((socket) => drive(socket, take)));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  return { seconds, perSecond: requests / seconds };
}

function drive(socket, take) {
  return new Promise((resolve, reject) => {
    let pending = "";
    const sendNext = () => {
      const text = take();
      if (text === undefined) resolve();
      else socket.write(text);
    };
    socket.on("data", (bytes) => {
      pending += bytes.latin1Slice();
      const end = endOfAnswer(pending);
      if (end < 0) return;
      // One request is under way, so whatever has come belongs to its answer.
      if (!pending.startsWith("HTTP/1.1 2")) return reject(new Error(`unexpected answer: ${pending.slice(0, 600)}`));
      pending = "";
      sendNext();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection that is in use")));
    sendNext();
  });
}

function endOfAnswer(text) {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = /content-length: (\d+)/i.exec(text.slice(0, head));
  const end = head + 4 + Number(length?.[1] ?? 0);
  return text.length >= end ? end : -1;
}
