import { isUtf8 } from "node:buffer";
import { ToolError } from "../tools/tool-error.js";

/** A text file with what must survive an edit: its byte order mark and its line ends. */
export interface TextFile {
  /** With LF line ends, if all of them were CRLF. */
  readonly text: string;
  /** The bytes of a changed text in the manner of this file. */
  encode(text: string): string;
}

/** @throws ToolError `binary_file` */
export function toTextFile(bytes: Buffer, shown: string): TextFile {
  if (isBinary(bytes)) throw new ToolError("binary_file", `${shown} is not a text file`);
  const whole = bytes.toString("utf8");
  const mark = whole.startsWith("\ufeff") ? "\ufeff" : "";
  const text = whole.slice(mark.length);
  const isCrlf = text.includes("\r\n") && !/(^|[^\r])\n/.test(text);
  return {
    text: isCrlf ? text.replaceAll("\r\n", "\n") : text,
    encode: (changed) => mark + (isCrlf ? changed.replaceAll(/\r?\n/g, "\r\n") : changed),
  };
}

/** True for what holds a NUL or is not UTF-8. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.includes(0) || !isUtf8(bytes);
}
