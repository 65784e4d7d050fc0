import { AnodeError } from "../../../lib/errors.js";

/** Bounds of a JSON document that are checked on its bytes. */
export interface ScanLimits {
  readonly depth: number;
  /** Brackets, braces, colons and commas outside strings. */
  readonly tokens: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Stage 11: the text of a JSON document whose depth and structure are bounded. Runs before parsing, since a parser builds
 * whatever depth it is given and later walks overflow on it.
 * @throws `invalid_json`
 */
export function scanJson(bytes: Uint8Array, limits: ScanLimits): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw invalidJson("must not begin with a byte order mark");
  scanStructure(bytes, limits);
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalidJson("must be UTF-8");
  }
}

function scanStructure(bytes: Uint8Array, limits: ScanLimits): void {
  let depth = 0;
  let tokens = 0;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        i = endOfString(bytes, i + 1);
        break;
      case 0x5b:
      case 0x7b:
        tokens++;
        if (++depth > limits.depth) throw invalidJson(`must not be nested deeper than ${limits.depth}`);
        break;
      case 0x5d:
      case 0x7d:
        tokens++;
        depth--;
        break;
      case 0x2c:
      case 0x3a:
        tokens++;
        break;
      default:
    }
    if (tokens > limits.tokens) throw invalidJson(`must not have more than ${limits.tokens} structural characters`);
  }
}

function endOfString(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

/** The refusal of a document; `rule` completes "The body …". */
export function invalidJson(rule: string): AnodeError {
  return new AnodeError("invalid_json", `The body ${rule}.`);
}
