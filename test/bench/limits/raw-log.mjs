import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";

/** The least that makes events durable: one write and one fdatasync a batch, to the end of one file. */
export function openRawLog(path) {
  const file = openSync(path, "a", 0o600);
  return {
    commit(events) {
      let lines = "";
      for (const event of events) lines += `${JSON.stringify(event)}\n`;
      writeSync(file, lines);
      fdatasyncSync(file);
      return lines.length;
    },
    close: () => closeSync(file),
  };
}
