import { randomUUID } from "node:crypto";

const bodyBytes = 200;
const empty = JSON.stringify({ prompt: "", profile: "craft" });
const body = JSON.stringify({ prompt: "x".repeat(bodyBytes - empty.length), profile: "craft" });
const head = `POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
const own = randomUUID();
let count = 0;

/** The text of a request that starts a run, with an idempotency key that was never used before. */
export function startRequest() {
  count += 1;
  return `${head}Idempotency-Key: ${own}-${count}\r\n\r\n${body}`;
}
