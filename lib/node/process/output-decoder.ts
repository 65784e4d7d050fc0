import { isUtf8 } from "node:buffer";

/** Turns the bytes of one stream into text, whatever the cuts between its chunks. */
export interface OutputDecoder {
  /** The text that is certain after this chunk. */
  write(chunk: Buffer): string;
  /** What was held back for a continuation that never came. */
  end(): string;
  /** Bytes and a carriage return held back, 0 to 4. */
  readonly held: number;
  /** How often invalid bytes became U+FFFD. */
  readonly replaced: number;
}

const nothing = Buffer.alloc(0);

/**
 * Streaming UTF-8: invalid bytes and NUL become U+FFFD. A carriage return before a line end is dropped, but kept in a
 * terminal's output, where it moves the cursor.
 */
export function createOutputDecoder(options: { readonly tty: boolean }): OutputDecoder {
  let rest: Buffer = nothing;
  let pendingReturn = false;
  let replaced = 0;

  const decode = (bytes: Buffer): string => {
    const text = bytes.toString("utf8");
    if (!isUtf8(bytes)) replaced += count(text, "\ufffd") - count(bytes, "\ufffd");
    return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
  };
  const withoutReturns = (decoded: string, last: boolean): string => {
    if (options.tty) return decoded;
    let text = pendingReturn ? `\r${decoded}` : decoded;
    pendingReturn = !last && text.endsWith("\r");
    if (pendingReturn) text = text.slice(0, -1);
    return text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
  };

  return {
    write(chunk) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const whole = wholeCharacters(bytes);
      // A copy, so that three bytes do not keep the chunk alive.
      rest = whole < bytes.length ? Buffer.from(bytes.subarray(whole)) : nothing;
      return withoutReturns(decode(bytes.subarray(0, whole)), false);
    },
    end() {
      const bytes = rest;
      rest = nothing;
      return withoutReturns(decode(bytes), true);
    },
    get held() {
      return rest.length + (pendingReturn ? 1 : 0);
    },
    get replaced() {
      return replaced;
    },
  };
}

/** Where a character begins that needs more bytes than there are; the end when there is none. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function count(within: string | Buffer, mark: string): number {
  const step = typeof within === "string" ? mark.length : Buffer.byteLength(mark);
  let found = 0;
  for (let at = within.indexOf(mark); at >= 0; at = within.indexOf(mark, at + step)) found += 1;
  return found;
}
