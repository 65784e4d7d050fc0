import type { DatabaseSync } from "node:sqlite";
import { AnodeError } from "../../errors.js";
import { release } from "../../release.js";
import { staleSeq } from "../../store/refusals.js";
import type { StreamPage, Trim } from "../../store/store.js";
import { segmentCrc } from "./crc32.js";
import { cutLines, joinBytes } from "./lines.js";
import type { EncodedAppend } from "./sqlite-protocol.js";
import { prepareIteration, prepareRows } from "./statements.js";

/** What is known of a stream without reading it. */
interface Head {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: number;
}

const noHead: Head = { firstSeq: 0, lastSeq: 0, bytes: 0 };
const cachedHeads = 4096;

/** The streams of a store: one row for each append, holding its JSON lines and their checksum. Knows no transactions. */
export class SegmentTable {
  #heads = new Map<string, Head>();
  /** Those that were in use before: one of them that nobody asks for goes with the others. */
  #olderHeads = new Map<string, Head>();
  readonly #limits: { readonly streamEvents: number; readonly streamBytes: number };
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(db: DatabaseSync, limits: { readonly streamEvents: number; readonly streamBytes: number }) {
    this.#limits = limits;
    this.#statements = prepareAll(db);
  }

  /** @throws `stale_commit` */
  append({ stream, expectedSeq, count, lines }: EncodedAppend): void {
    const head = this.#head(stream);
    if (head.lastSeq !== expectedSeq) throw staleSeq(stream, expectedSeq, head.lastSeq);
    const body = Buffer.from(lines);
    const firstSeq = expectedSeq + 1;
    const lastSeq = expectedSeq + count;
    this.#statements.insert.run(stream, firstSeq, lastSeq, body.length, segmentCrc(stream, firstSeq, lastSeq, body), body);
    this.#remember(stream, this.#trim(stream, { firstSeq: head.firstSeq || firstSeq, lastSeq, bytes: head.bytes + body.length }));
  }

  drop(stream: string): void {
    this.#statements.drop.run(stream);
    this.#remember(stream, noHead);
  }

  /** Segments that end at or before the seq go; the newest one stays, for it says where the stream goes on. */
  trim({ stream, upTo }: Trim): void {
    this.#statements.cut.run(stream, Math.min(upTo, this.#head(stream).lastSeq - 1));
    this.#heads.delete(stream);
    this.#olderHeads.delete(stream);
  }

  /** @throws `internal` for a damaged or missing segment, naming the stream and the seq range in its details */
  read(stream: string, after: number, limitBytes: number): StreamPage {
    const { firstSeq, lastSeq } = this.#head(stream);
    const fromSeq = Math.max(after + 1, firstSeq);
    if (lastSeq < fromSeq) return { lines: new Uint8Array(0), fromSeq: 0, toSeq: 0, firstSeq, lastSeq };
    const parts: Uint8Array[] = [];
    let nextSeq = fromSeq;
    let bytes = 0;
    for (const segment of this.#statements.bodies(stream, fromSeq - 1, this.#pageEnd(stream, fromSeq - 1, limitBytes))) {
      const [first, last, crc, body] = segment as unknown as [number, number, number, Uint8Array];
      if (first > nextSeq || last < nextSeq) throw damaged(stream, nextSeq, first - 1, "missing");
      // A bit of the file decides whether it is bytes or text, which have the same sum.
      if (!(body instanceof Uint8Array) || segmentCrc(stream, first, last, body) !== crc) throw damaged(stream, first, last, "damaged");
      const cut = cutLines(body, { skip: nextSeq - first, count: last - nextSeq + 1, limitBytes: limitBytes - bytes });
      parts.push(cut.bytes);
      bytes += cut.bytes.length;
      nextSeq += cut.count;
      if (bytes >= limitBytes) break;
    }
    if (nextSeq === fromSeq) throw damaged(stream, fromSeq, lastSeq, "missing");
    const lines = joinBytes(parts);
    // The bodies of a long replay would pile up.
    for (const part of parts) if (part.buffer !== lines.buffer) release(part);
    return { lines, fromSeq, toSeq: nextSeq - 1, firstSeq, lastSeq };
  }

  /** After a rollback: what was remembered may be of writes that did not happen. */
  forget(): void {
    this.#heads.clear();
    this.#olderHeads.clear();
  }

  /**
   * Where a page ends: with the last segment that fits it whole, for of one that is cut the next page has to read and check all again.
   * The first one belongs to it in any case. Looks at the index alone.
   */
  #pageEnd(stream: string, after: number, limitBytes: number): number {
    let end = after;
    let bytes = 0;
    for (const [lastSeq, size] of this.#statements.sizes(stream, after) as Iterable<readonly [number, number]>) {
      bytes += size;
      // Asked for in this way, a size that is no number any more ends the page too.
      if (end > after && !(bytes <= limitBytes)) break;
      end = lastSeq;
    }
    return end;
  }

  /** The newest segment always stays, however large it is. */
  #trim(stream: string, head: Head): Head {
    let { firstSeq, bytes } = head;
    while (head.lastSeq - firstSeq + 1 > this.#limits.streamEvents || bytes > this.#limits.streamBytes) {
      const [rowid, lastSeq, size] = this.#statements.oldest(stream)[0] as [number, number, number];
      if (lastSeq === head.lastSeq) break;
      this.#statements.remove.run(rowid);
      firstSeq = lastSeq + 1;
      bytes -= size;
    }
    return { firstSeq, lastSeq: head.lastSeq, bytes };
  }

  #head(stream: string): Head {
    const known = this.#heads.get(stream) ?? this.#olderHeads.get(stream);
    if (known) return known;
    const [firstSeq, lastSeq, bytes] = this.#statements.head(stream)[0] as [number | null, number | null, number | null];
    const head = { firstSeq: firstSeq ?? 0, lastSeq: lastSeq ?? 0, bytes: bytes ?? 0 };
    this.#remember(stream, head);
    return head;
  }

  #remember(stream: string, head: Head): void {
    this.#heads.set(stream, head);
    if (this.#heads.size < cachedHeads / 2) return;
    this.#olderHeads = this.#heads;
    this.#heads = new Map();
  }
}

function prepareAll(db: DatabaseSync) {
  return {
    insert: db.prepare("INSERT INTO segments (stream, first_seq, last_seq, bytes, crc, body) VALUES (?, ?, ?, ?, ?, ?)"),
    drop: db.prepare("DELETE FROM segments WHERE stream = ?"),
    cut: db.prepare("DELETE FROM segments WHERE stream = ? AND last_seq <= ?"),
    remove: db.prepare("DELETE FROM segments WHERE rowid = ?"),
    oldest: prepareRows(db, "SELECT rowid, last_seq, bytes FROM segments WHERE stream = ? ORDER BY last_seq LIMIT 1"),
    head: prepareRows(db, "SELECT min(first_seq), max(last_seq), sum(bytes) FROM segments WHERE stream = ?"),
    sizes: prepareIteration(db, "SELECT last_seq, bytes FROM segments WHERE stream = ? AND last_seq > ? ORDER BY last_seq"),
    bodies: prepareRows(
      db,
      "SELECT first_seq, last_seq, crc, body FROM segments WHERE stream = ? AND last_seq > ? AND last_seq <= ? ORDER BY last_seq",
    ),
  };
}

function damaged(stream: string, fromSeq: number, toSeq: number, what: "damaged" | "missing"): AnodeError {
  const message = `Stored events of stream ${stream} must be whole, those from seq ${fromSeq} to ${toSeq} are ${what}.`;
  return new AnodeError("internal", message, { details: { stream, from_seq: fromSeq, to_seq: toSeq } });
}
