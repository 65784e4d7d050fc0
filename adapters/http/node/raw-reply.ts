import type { Socket } from "node:net";
import { isStreamed, type Reply } from "../call.js";
import { lingerMs } from "./write-reply.js";

/** Sends a reply on a socket that has no response object, then ends it. Streams do not come here. */
export function writeRawReply(socket: Socket, reply: Reply): void {
  const body = isStreamed(reply.body) ? "" : (reply.body ?? "");
  const fields = { ...reply.headers, "Content-Length": Buffer.byteLength(body), Connection: "close" };
  const head = [`HTTP/1.1 ${reply.status} `, ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.end(body);
  // What the client still sends is taken for a moment; a close with unread bytes would reset the answer away.
  socket.on("error", () => {}).resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
