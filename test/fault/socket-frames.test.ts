import { readFileSync } from "node:fs";
import { connect as connectNet, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../adapters/client/index.js";
import { call, eventually } from "../support/daemon.js";
import { acceptedKey, type FrameAttack, frame, frameAttacks, goodUpgrade, type UpgradeAttack, upgradeAttacks } from "./corpus/frames.js";
import { stringCorpus } from "./corpus/strings.js";
import { type Daemon, newPlace, startProgram } from "./support/store-daemon.js";
import { trials } from "./support/trials.js";

const place = newPlace();
const { socket: path } = place.home;
let daemon: Daemon;

beforeAll(async () => {
  daemon = startProgram(place, { flags: [] });
  expect(await daemon.listensAfterMs, daemon.said()).toBeGreaterThan(0);
  await eventually(() => /http:\/\/127/.test(daemon.said()));
});
afterAll(async () => {
  await daemon.kill();
  place.remove();
});

const residentMiB = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) / 1_024;

/** A connection that asked for a socket with these header lines: what came so far, as bytes. */
function asked(
  lines: readonly string[],
  at: { readonly path: string } | { readonly port: number } = { path },
): { readonly socket: Socket; readonly got: () => Buffer; readonly closed: Promise<void> } {
  const socket = connectNet({ ...at, allowHalfOpen: true });
  const parts: Buffer[] = [];
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  socket.on("data", (part) => void parts.push(part)).on("error", () => {});
  socket.on("end", () => void socket.end());
  socket.write(
    ["GET /ws HTTP/1.1", ...(lines.some((line) => line.startsWith("Host:")) ? [] : ["Host: localhost"]), ...lines, "", ""].join("\r\n"),
  );
  onTestFinished(() => void socket.destroy());
  return { socket, got: () => Buffer.concat(parts), closed };
}

/** An open socket: what came behind the head, as bytes. */
async function opened(): Promise<{ readonly socket: Socket; readonly got: () => Buffer; readonly closed: Promise<void> }> {
  const wire = asked(goodUpgrade);
  const headEnd = await eventually(() => {
    const at = wire.got().indexOf("\r\n\r\n");
    return at < 0 ? undefined : at + 4;
  });
  const head = wire.got().subarray(0, headEnd).toString("latin1");
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toContain(`Sec-WebSocket-Accept: ${acceptedKey}\r\n`);
  return { ...wire, got: () => wire.got().subarray(headEnd) };
}

/** Frames of a server, which are small and never masked: opcode and payload. */
function framesOf(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer }[] {
  const found: { opcode: number; payload: Buffer }[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first = 0, length = 0] = bytes.subarray(at);
    expect(length, "a server's frame that is masked or long").toBeLessThan(126);
    found.push({ opcode: first & 15, payload: bytes.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

/** The code that a connection was closed with; 1006 when it was cut without one. */
function closeCode(bytes: Buffer): number {
  const close = framesOf(bytes).find(({ opcode }) => opcode === 8);
  return close ? close.payload.readUInt16BE() : 1006;
}

describe("the frames of a hostile client", () => {
  it.for(frameAttacks)("$group: $name", async ({ bytes, closes }: FrameAttack) => {
    const { socket, got, closed } = await opened();
    socket.write(bytes());
    await closed;
    expect(closes).toContain(closeCode(got()));
    expect((await call(path, "/health")).status).toBe(200);
  });

  it("with a close that is right are answered with the same code", async () => {
    const { socket, got, closed } = await opened();
    socket.write(frame({ first: 0x88, payload: Buffer.from([0x0b, 0xb8]) }));
    await closed;
    expect(closeCode(got())).toBe(3000);
  });

  it("are read whatever pieces the bytes come in", async () => {
    const { socket, got } = await opened();
    const said = JSON.stringify({ type: "connect", v: 1, backend: "service", name: "slowly" });
    const bytes = Buffer.concat([
      frame({ first: 0x01, payload: Buffer.from(said) }),
      frame({ first: 0x89, payload: Buffer.from("p") }),
      frame({ first: 0x80 }),
    ]);
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await eventually(() => got().includes('"type":"connected"'));
    expect(got().includes(Buffer.from([0x8a, 1, 0x70]))).toBe(true);
  });

  it("that half-close are let go", async () => {
    const { socket, closed } = await opened();
    socket.write(Buffer.from([0x81, 0xfe, 0x00]));
    socket.end();
    await closed;
    expect((await call(path, "/health")).status).toBe(200);
  });

  it("that are a flood of pings end it, at a bounded cost, when their answers are not read", async () => {
    const pings = Buffer.alloc(131 * 20_000, frame({ first: 0x89, payload: Buffer.alloc(125, 97) }));
    const before = residentMiB();
    const floods = trials(20, 500);
    for (let flood = 0; flood < floods; flood += 1) {
      const { socket, closed } = await opened();
      socket.pause();
      socket.write(pings);
      await closed;
    }
    const grown = residentMiB() - before;
    console.log(`T19: ${floods} floods of 20,000 pings whose answers nobody reads: ${grown.toFixed(1)} MiB`);
    // What the engine keeps for its young generation comes once: it is no more after 1,500 floods.
    expect(grown).toBeLessThan(64);
    expect((await call(path, "/health")).status).toBe(200);
  });
});

describe("an upgrade that is wrong", () => {
  it.for(upgradeAttacks)("$group: $name is refused", async ({ lines, statuses }: UpgradeAttack) => {
    const { got, closed } = asked(lines);
    await closed;
    expect(statuses).toContain(Number(/^HTTP\/1\.1 (\d{3}) /.exec(got().toString("latin1"))?.[1]));
  });

  it("in that it offers compression gets none", async () => {
    const { socket, got } = asked([...goodUpgrade, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]);
    const head = await eventually(() => /^[^]*\r\n\r\n/.exec(got().toString("latin1"))?.[0]);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.toLowerCase()).not.toContain("extensions");
    socket.destroy();
  });
});

describe("a page that opens a socket", () => {
  it("gets one with the right host, its own origin and a credential: in one of 27 ways, and is served there", async () => {
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.said())?.[1]);
    const token = readFileSync(place.home.token, "utf8").trim();
    const hosts = [`localhost:${port}`, `evil.example:${port}`, `localhost:${port + 1}`];
    const origins = [`http://localhost:${port}`, "http://evil.example", "null"];
    const credentials = [token, "anode_at_wrong", undefined];
    const served: string[] = [];
    for (const host of hosts)
      for (const origin of origins)
        for (const credential of credentials) {
          const lines = [
            `Host: ${host}`,
            ...(origin ? [`Origin: ${origin}`] : []),
            ...(credential ? [`Authorization: Bearer ${credential}`] : []),
          ];
          const { socket, got, closed } = asked([...lines, ...goodUpgrade], { port });
          socket.write(frame({ first: 0x81, payload: Buffer.from('{"type":"connect","v":1,"backend":"service","name":"page"}') }));
          await Promise.race([closed, eventually(() => got().includes('"type":"connected"')).catch(() => {})]);
          if (got().includes(" 101 ") || got().includes("connected")) served.push(`${host} ${origin} ${credential}`);
          socket.destroy();
        }
    expect(served).toEqual([`localhost:${port} http://localhost:${port} ${token}`]);
  });
});

describe("any text", () => {
  it("arrives at a peer's socket unchanged, lone surrogates replaced", async () => {
    const client = await connect({ socketPath: path, env: {} });
    onTestFinished(() => client.close());
    const got: string[] = [];
    const peer = client.connectPeer({ backend: "service", name: "hearer" }, { notify: ({ text }) => void got.push(text) });
    peer.ended.catch(() => {});
    await peer.ready;
    const texts = stringCorpus.filter((text) => text.trim() !== "" && !text.includes("\0"));
    for (const text of texts) await client.messages.notify({ to_peer: "hearer", text });
    await eventually(() => got.length === texts.length);
    expect(got).toEqual(texts.map((text) => text.toWellFormed()));
  });
});
