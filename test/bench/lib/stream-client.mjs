import { connect } from "node:net";
import { once } from "node:events";
import { eventBytes } from "./sample-event.mjs";

const headerEnd = Buffer.from("\r\n\r\n");
/** A chunked answer ends with it, also where its connection is kept. */
const lastChunk = Buffer.from("\r\n0\r\n\r\n");
/** More than the last frames of a stream. */
const tailBytes = 1_024;

/**
 * Opens event streams on raw sockets; resolves when every answer has begun. `onData` gets each chunk of the readers that are
 * sampled. A reader leaves with the end of its stream, or with the event `lastSeq`.
 */
export async function openReaders({ path, target, count, onData, sampleEvery = 1, lastSeq }) {
  const readers = [];
  for (let at = 0; at < count; at += 50) {
    const batch = Array.from({ length: Math.min(50, count - at) }, (_, i) =>
      openReader(path, target, (at + i) % sampleEvery === 0 ? onData : undefined, lastSeq),
    );
    readers.push(...(await Promise.all(batch)));
  }
  return readers;
}

async function openReader(path, target, onData, lastSeq) {
  const socket = connect({ path });
  const begun = Promise.withResolvers();
  const ended = Promise.withResolvers();
  const reader = { socket, bytes: 0, ended: ended.promise };
  let tail = Buffer.alloc(0);
  let isOpen = false;
  socket.on("data", (bytes) => {
    if (!isOpen) {
      isOpen = bytes.includes(headerEnd) && bytes.latin1Slice(0, 12) === "HTTP/1.1 200";
      if (!isOpen) return begun.reject(new Error(`unexpected answer: ${bytes.latin1Slice(0, 300)}`));
      begun.resolve();
    }
    reader.bytes += bytes.length;
    tail = bytes.length >= tailBytes ? bytes.subarray(-tailBytes) : Buffer.concat([tail, bytes]).subarray(-tailBytes);
    onData?.(bytes);
    if (tail.subarray(-lastChunk.length).equals(lastChunk) || (lastSeq !== undefined && tail.includes(`"seq":${lastSeq},`)))
      socket.destroy();
  });
  socket.on("error", begun.reject);
  socket.on("close", () => ended.resolve({ bytes: reader.bytes, lastSeq: lastSeqOf(tail) }));
  await once(socket, "connect");
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  await begun.promise;
  return reader;
}

/** Waits for the ends of all streams; each must have got every event and no range instead of them. */
export async function readToEnd(readers, events) {
  const ends = await Promise.all(readers.map(({ ended }) => ended));
  for (const { bytes, lastSeq } of ends) {
    if (lastSeq >= events && bytes >= events * eventBytes) continue;
    throw new Error(`a reader of ${events} events got ${bytes} bytes, the last event being ${lastSeq}`);
  }
}

function lastSeqOf(tail) {
  const seqs = [...tail.latin1Slice().matchAll(/"seq":(\d+)/g)];
  return Number(seqs.at(-1)?.[1] ?? 0);
}
