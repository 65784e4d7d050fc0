import { createOutputDecoder, type OutputDecoder } from "./output-decoder.js";

/** Gathers the output of one stream into texts fit for one event each. A text that does not end in a line end is partial. */
export interface OutputGatherer {
  /** Takes a chunk; answers what is due by size. */
  push(chunk: Buffer): string[];
  /** Answers what is due by time: the whole lines; a rest that was there before and got no line end goes as it is. */
  flush(): string[];
  /** Answers all that is left. */
  end(): string[];
  /** True while there is text that waits for a flush. */
  readonly waiting: boolean;
  readonly decoder: OutputDecoder;
}

/** Bounds of {@link createOutputGatherer}. */
export interface GathererOptions {
  /** A terminal's output keeps its carriage returns. */
  readonly tty: boolean;
  /** Bytes gathered at most; then what is there goes out. */
  readonly flushBytes: number;
  /** Bytes of one text as JSON: longer ones are cut in pieces, so that no event is too large for the log. */
  readonly textBytes: number;
  /** Where something begins that no text may end in the middle of; the text's length where nothing does. @defaultValue nowhere */
  readonly heldFrom?: (text: string) => number;
}

/** Gathers by whole lines. */
export function createOutputGatherer(options: GathererOptions): OutputGatherer {
  const { flushBytes, textBytes, heldFrom = (all) => all.length } = options;
  const decoder = createOutputDecoder(options);
  let text = "";
  let bytes = 0;
  let carried = false;
  let isHeld = false;

  const take = (full: boolean, last = false): string[] => {
    const lines = text.lastIndexOf("\n") + 1;
    const due = lines > 0 ? lines : full || carried ? text.length : 0;
    const cut = last ? due : heldFrom(text.slice(0, due));
    isHeld = cut === 0 && due > 0;
    const out = text.slice(0, cut);
    text = text.slice(cut);
    bytes = Buffer.byteLength(text) + decoder.held;
    carried = text !== "";
    return out === "" ? [] : fitting(out, textBytes, heldFrom);
  };

  return {
    decoder,
    push(chunk) {
      const out: string[] = [];
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + Math.max(1, flushBytes - bytes));
        at += piece.length;
        bytes += piece.length;
        text += decoder.write(piece);
        isHeld = false;
        while (bytes >= flushBytes && text !== "" && !isHeld) out.push(...take(true));
      }
      return out;
    },
    flush: () => take(false),
    end() {
      text += decoder.end();
      // An unfinished last line is an event of its own, beside the whole ones.
      return [...take(true, true), ...take(true, true)];
    },
    get waiting() {
      return text !== "" && !isHeld;
    },
  };
}

/** The text in pieces of at most `limit` bytes as JSON, cut at line ends where there are any. */
function fitting(text: string, limit: number, heldFrom: (text: string) => number): string[] {
  // Only control characters take six bytes for one unit; measuring is dear, so it is left out where it cannot matter.
  if (text.length * 6 <= limit || (text.length * 3 <= limit && !needsEscapes.test(text)) || jsonBytes(text) <= limit || text.length < 2)
    return [text];
  const middle = text.length >> 1;
  const atLine = text.lastIndexOf("\n", middle) + 1;
  const even = atLine > 0 ? atLine : isLowSurrogate(text, middle) ? middle - 1 : middle;
  const cut = heldFrom(text.slice(0, even)) || even;
  if (cut === 0) return [text];
  return [...fitting(text.slice(0, cut), limit, heldFrom), ...fitting(text.slice(cut), limit, heldFrom)];
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const needsEscapes = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
