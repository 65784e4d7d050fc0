import { once } from "node:events";
import { connect } from "node:net";

const answering = 10;
const settleMs = 200;
const options = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];
let count = 0;

/** Bytes in use of the server for each of so many held calls, beside the connections that it has anyway. */
export async function heldBytes(program, path, connections) {
  const lines = await openLines(path, connections);
  // The first call of a connection and of the server makes what stays.
  await round(lines, lines);
  const before = await program.call("inUse");
  const ids = lines.map(() => nextId());
  const asked = lines.map((line, at) => line.send(askRequest(ids[at])));
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const bytes = ((await program.call("inUse")) - before) / connections;
  const other = await openLines(path, answering);
  await answerAll(other, ids);
  await Promise.all(asked);
  close([...lines, ...other]);
  return bytes;
}

/** Calls held and answered in a second, with so many held at once. */
export async function heldRate(path, connections, rounds) {
  const [lines, other] = [await openLines(path, connections), await openLines(path, answering)];
  await round(lines, other);
  const startedAt = performance.now();
  for (let done = 0; done < rounds; done += 1) await round(lines, other);
  const perSecond = (rounds * connections) / ((performance.now() - startedAt) / 1000);
  close([...lines, ...other]);
  return perSecond;
}

/** Every line asks and is held; then all are answered. */
async function round(lines, other) {
  const ids = lines.map(() => nextId());
  const answerers = lines === other ? await openLines(lines[0].path, answering) : other;
  const asked = lines.map((line, at) => line.send(askRequest(ids[at])));
  await answerAll(answerers, ids);
  for (const text of await Promise.all(asked)) if (!text.includes('"decision":"allow"')) throw new Error(`not allowed: ${text}`);
  if (answerers !== other) close(answerers);
}

async function answerAll(lines, ids) {
  const left = [...ids];
  await Promise.all(
    lines.map(async (line) => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        // What was not asked yet is not there yet.
        while ((await line.send(answerRequest(id))).startsWith("HTTP/1.1 404")) await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
}

async function openLines(path, connections) {
  const lines = [];
  for (let at = 0; at < connections; at += 1) lines.push(await openLine(path));
  return lines;
}

async function openLine(path) {
  const socket = connect({ path });
  await once(socket, "connect");
  let pending = "";
  let waiting;
  socket.on("data", (bytes) => {
    pending += bytes.latin1Slice();
    const head = pending.indexOf("\r\n\r\n");
    const length = head < 0 ? undefined : /content-length: (\d+)/i.exec(pending.slice(0, head))?.[1];
    if (length === undefined || pending.length < head + 4 + Number(length)) return;
    const text = pending;
    pending = "";
    waiting.resolve(text);
  });
  socket.on("close", () => waiting?.reject(new Error("the server closed a connection that is in use")));
  return {
    path,
    send(text) {
      waiting = Promise.withResolvers();
      socket.write(text);
      return waiting.promise;
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}

function close(lines) {
  for (const line of lines) line.close();
}

function nextId() {
  count += 1;
  return `pretool-${process.pid}-${count}`;
}

function askRequest(correlation_id) {
  return post("/questions/ask-blocking", {
    correlation_id,
    prompt: "Bash: npm test",
    options,
    timeout_ms: 55_000,
    metadata: { tool: "Bash", input: '{"command":"npm test"}' },
  });
}

function answerRequest(correlation_id) {
  return post("/answer", { correlation_id, option_id: "allow" });
}

function post(path, body) {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
