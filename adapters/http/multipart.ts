import type { FileBody } from "../../lib/contract/operation.js";
import { invalidRequest, type Issue } from "../../lib/errors.js";

const mostHeaderBytes = 4_096;
/** So many bytes of a form with one part are not the file's, at most: two delimiters of the longest boundary and the part's headers. */
export const mostFramingBytes = mostHeaderBytes + 256;

const dashes = 45;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens a form whose one part is a file named `file`. Its bytes are handed on as they come; the form's end is checked behind the
 * last of them. Strict: no preamble, no epilogue, no other part.
 * @throws `invalid_request`, also from the file's bytes
 */
export async function openForm(body: AsyncIterable<Uint8Array>, boundary: string): Promise<FileBody> {
  const window = new Window(body);
  // The first delimiter has no line end before it.
  const first = encoder.encode(`--${boundary}`);
  if (!(await window.holds(first.length)) || !startsWith(window.bytes, first)) throw wrongForm("must begin with its boundary");
  window.skip(first.length);
  if (await isFormEnd(window)) throw invalidRequest([{ path: "file", code: "required", message: "is required: the form has no part" }]);
  const headers = await readPartHeaders(window);
  const { name, filename } = readDisposition(headers.get("content-disposition"));
  if (name !== "file") throw strangePart(name);
  const coding = headers.get("content-transfer-encoding")?.toLowerCase() ?? "binary";
  if (!["binary", "8bit", "7bit"].includes(coding)) throw wrongForm("must be sent without a transfer encoding");
  return { filename, contentType: headers.get("content-type"), bytes: bytesOfPart(window, encoder.encode(`\r\n--${boundary}`)) };
}

/** What has come and is not used yet; grows only as far as somebody needs it. */
class Window {
  bytes: Uint8Array = new Uint8Array(0);
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  skip(count: number): void {
    this.bytes = this.bytes.subarray(count);
  }

  /** Takes one more chunk; false at the end. */
  async grow(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    const joined = new Uint8Array(this.bytes.length + next.value.length);
    joined.set(this.bytes);
    joined.set(next.value, this.bytes.length);
    this.bytes = joined;
    return true;
  }

  /** True once so many bytes are there; false when the body ends before. */
  async holds(count: number): Promise<boolean> {
    while (this.bytes.length < count) if (!(await this.grow())) return false;
    return true;
  }

  async leave(): Promise<void> {
    await this.#source.return?.();
  }
}

async function* bytesOfPart(window: Window, delimiter: Uint8Array): AsyncGenerator<Uint8Array, void> {
  try {
    for (;;) {
      const at = indexOf(window.bytes, delimiter);
      // What could be the beginning of the delimiter stays until more is there.
      const sure = at < 0 ? window.bytes.length - delimiter.length + 1 : at;
      if (sure > 0) {
        const piece = window.bytes.subarray(0, sure);
        window.skip(sure);
        yield piece;
      }
      if (at >= 0) break;
      if (!(await window.grow())) throw wrongForm("must end with its boundary; it was cut off");
    }
    window.skip(delimiter.length);
    if (!(await isFormEnd(window))) throw strangePart(undefined);
    await expectEnd(window);
  } finally {
    await window.leave();
  }
}

/** Reads what follows a boundary: the two dashes of the form's end, or the line end before a part. */
async function isFormEnd(window: Window): Promise<boolean> {
  if (!(await window.holds(2))) throw wrongForm("must end with its boundary; it was cut off");
  const [one, two] = window.bytes;
  window.skip(2);
  if (one === dashes && two === dashes) return true;
  if (one === 13 && two === 10) return false;
  throw wrongForm("must have nothing but a line end behind a boundary");
}

async function expectEnd(window: Window): Promise<void> {
  while (await window.grow()) if (window.bytes.length > 2) break;
  const rest = decoder.decode(window.bytes.subarray(0, 3));
  if (rest !== "" && rest !== "\r\n") throw wrongForm("must have nothing behind its last boundary");
}

const headersEnd = encoder.encode("\r\n\r\n");

async function readPartHeaders(window: Window): Promise<ReadonlyMap<string, string>> {
  let end = indexOf(window.bytes, headersEnd);
  while (end < 0) {
    if (window.bytes.length > mostHeaderBytes) throw wrongForm(`must have at most ${mostHeaderBytes} bytes of headers`);
    if (!(await window.grow())) throw wrongForm("must end with its boundary; it was cut off");
    end = indexOf(window.bytes, headersEnd);
  }
  if (end > mostHeaderBytes) throw wrongForm(`must have at most ${mostHeaderBytes} bytes of headers`);
  const lines = decoder.decode(window.bytes.subarray(0, end)).split("\r\n");
  window.skip(end + headersEnd.length);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!/^[a-z0-9-]+$/.test(name) || headers.has(name)) throw wrongForm("must have well-formed headers, each once");
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

const dispositionParameter = /^;[ \t]*([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;" \t]*))/i;

function readDisposition(value = ""): { readonly name: string | undefined; readonly filename: string | undefined } {
  const parameters = new Map<string, string>();
  if (!/^form-data(?:[ \t;]|$)/i.test(value)) throw wrongForm("must be form-data");
  for (let rest = value.slice("form-data".length).trim(); rest !== ""; ) {
    const [whole = "", name = "", quoted, token = ""] = dispositionParameter.exec(rest) ?? [];
    const known = name.toLowerCase();
    if (whole === "" || parameters.has(known)) throw wrongForm("must have well-formed parameters, each once");
    // Some senders escape what others leave as it is: a path of Windows keeps its backslashes.
    parameters.set(known, quoted?.replace(/\\(["\\])/g, "$1") ?? token);
    rest = rest.slice(whole.length).trimStart();
  }
  return { name: parameters.get("name"), filename: parameters.get("filename") };
}

/** Where the pattern begins; -1 where it is not whole. */
function indexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  const first = pattern[0] as number;
  for (let at = bytes.indexOf(first); at >= 0 && at + pattern.length <= bytes.length; at = bytes.indexOf(first, at + 1)) {
    if (startsWith(bytes.subarray(at), pattern)) return at;
  }
  return -1;
}

function startsWith(bytes: Uint8Array, pattern: Uint8Array): boolean {
  return pattern.every((byte, index) => bytes[index] === byte);
}

function wrongForm(message: string): Error {
  return invalidRequest([{ path: "file", code: "format", message }]);
}

function strangePart(name: string | undefined): Error {
  const path = (name ?? "").slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
  const issue: Issue = { path, code: "unknown_field", message: "is not a part of this form, which has one: file" };
  return invalidRequest([issue]);
}
