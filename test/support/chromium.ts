import { existsSync } from "node:fs";

/** The system's browser. */
export const executablePath = "/usr/bin/chromium";
/** It asks nobody else for anything, and runs in a container. */
export const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const hasBrowser = existsSync(executablePath);
