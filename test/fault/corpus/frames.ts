import { createHash } from "node:crypto";

/** Bytes of a frame as a client may send it: a head of RFC 6455, section 5.2, a mask of zeros unless told otherwise, and the payload. */
export interface FrameParts {
  /** First byte: FIN, RSV1 to RSV3 and the opcode. */
  readonly first: number;
  readonly payload?: Uint8Array;
  /** @defaultValue true */
  readonly masked?: boolean;
  /** The length that is told, in 64 bits. @defaultValue the payload's, in as few as it needs */
  readonly told?: bigint;
}

/** A frame as bytes. */
export function frame({ first, payload = new Uint8Array(), masked = true, told }: FrameParts): Buffer {
  const mask = masked ? 0x80 : 0;
  const { length } = payload;
  const head =
    told !== undefined
      ? Buffer.concat([Buffer.from([first, mask | 127]), u64(told)])
      : length < 126
        ? Buffer.from([first, mask | length])
        : length < 65_536
          ? Buffer.from([first, mask | 126, length >> 8, length & 255])
          : Buffer.concat([Buffer.from([first, mask | 127]), u64(BigInt(length))]);
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

const text = (words: string): Buffer => Buffer.from(words);
const closing = (code: number, reason: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from([code >> 8, code & 255]), reason]);

/** What a hostile client sends on an open socket, and the close codes that are right; 1006 = cut without one. */
export interface FrameAttack {
  readonly group: string;
  readonly name: string;
  readonly bytes: () => Buffer;
  readonly closes: readonly number[];
}

const attack = (group: string, name: string, closes: readonly number[], ...frames: readonly FrameParts[]): FrameAttack => ({
  group,
  name,
  closes,
  bytes: () => Buffer.concat(frames.map(frame)),
});

// Written from RFC 6455: 5.1 (masks), 5.2 (reserved bits and opcodes, lengths), 5.4 (pieces), 5.5 (control frames), 7.4 (codes), 8.1 (UTF-8).
export const frameAttacks: readonly FrameAttack[] = [
  attack("unmasked", "a text that is not masked", [1002], { first: 0x81, payload: text("{}"), masked: false }),
  attack("unmasked", "a ping that is not masked", [1002], { first: 0x89, masked: false }),
  ...[0x40, 0x20, 0x10, 0x70].map((bits) =>
    attack("reserved bits", `RSV ${bits >> 4}`, [1002], { first: 0x81 | bits, payload: text("{}") }),
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code) => attack("reserved opcode", `opcode ${code}`, [1002], { first: 0x80 | code })),
  ...[8, 9, 10].map((code) =>
    attack("long control frame", `opcode ${code} with 126 bytes`, [1002], { first: 0x80 | code, payload: Buffer.alloc(126, 97) }),
  ),
  ...[8, 9, 10].map((code) => attack("control frame in pieces", `opcode ${code} without FIN`, [1002], { first: code })),
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) =>
    attack("close code", `close ${code}`, [1002], { first: 0x88, payload: closing(code) }),
  ),
  attack("close code", "a close of one byte", [1002], { first: 0x88, payload: Buffer.from([3]) }),
  ...[[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82]].map((bytes) =>
    attack("UTF-8", `text ${Buffer.from(bytes).toString("hex")}`, [1007], { first: 0x81, payload: Buffer.from(bytes) }),
  ),
  attack(
    "UTF-8",
    "a character cut between pieces that never comes",
    [1007],
    { first: 0x01, payload: Buffer.from([0xe2]) },
    { first: 0x80 },
  ),
  attack("UTF-8", "in the reason of a close", [1007], { first: 0x88, payload: closing(1000, Buffer.from([0xff])) }),
  attack("length in 64 bits", "its highest bit set", [1002, 1009], { first: 0x81, told: 1n << 63n }),
  attack("length in 64 bits", "a terabyte", [1009], { first: 0x81, told: 1n << 40n }),
  attack("length in 64 bits", "one more than may be", [1009], { first: 0x81, told: 1_048_577n }),
  attack(
    "length in 64 bits",
    "two pieces that are too big together",
    [1009],
    { first: 0x01, payload: Buffer.alloc(1_048_576, 97) },
    { first: 0x80, payload: text("a") },
  ),
  attack("pieces", "one that continues nothing", [1002], { first: 0x80, payload: text("{}") }),
  attack("pieces", "a text within a text", [1002], { first: 0x01, payload: text("{") }, { first: 0x81, payload: text("{}") }),
  {
    group: "empty pieces",
    name: "a million of them",
    closes: [1008],
    bytes: () => Buffer.concat([frame({ first: 0x01 }), Buffer.alloc(6_000_000, frame({ first: 0x00 }))]),
  },
  attack("oversize", "a text of 2 MiB", [1009], { first: 0x81, payload: Buffer.alloc(2 * 1_048_576, 97) }),
  attack("compressed", "a deflated text that nobody agreed on", [1002], { first: 0xc1, payload: Buffer.from([0xaa, 0x56, 0x0a, 0x00]) }),
];

/** An upgrade's header lines, and the statuses that are right. */
export interface UpgradeAttack {
  readonly group: string;
  readonly name: string;
  readonly lines: readonly string[];
  readonly statuses: readonly number[];
}

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const upgrade = ["Connection: Upgrade", "Upgrade: websocket"];
const version = "Sec-WebSocket-Version: 13";

/** What the server proves that it has read the key by: RFC 6455, 4.2.2. */
export const acceptedKey = createHash("sha1").update("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");

export const goodUpgrade: readonly string[] = [...upgrade, version, key];

export const upgradeAttacks: readonly UpgradeAttack[] = [
  ...["0", "7", "12", "14", "13, 8", "thirteen", ""].map((told) => ({
    group: "version",
    name: `version "${told}"`,
    lines: [...upgrade, `Sec-WebSocket-Version: ${told}`, key],
    statuses: [400, 426],
  })),
  { group: "version", name: "no version", lines: [...upgrade, key], statuses: [400, 426] },
  ...["dGhlIHNhbXBsZSBub25jZQ=", "short", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", "", "{}".repeat(12)].map((told) => ({
    group: "key",
    name: `key "${told}"`,
    lines: [...upgrade, version, `Sec-WebSocket-Key: ${told}`],
    statuses: [400],
  })),
  { group: "key", name: "no key", lines: [...upgrade, version], statuses: [400] },
  {
    group: "two upgrades",
    name: "two protocols",
    lines: ["Connection: Upgrade", "Upgrade: websocket, h2c", version, key],
    statuses: [400],
  },
  { group: "two upgrades", name: "two headers", lines: [...upgrade, "Upgrade: h2c", version, key], statuses: [400] },
  { group: "two upgrades", name: "twice the same", lines: [...upgrade, "Upgrade: websocket", version, key], statuses: [400] },
];
