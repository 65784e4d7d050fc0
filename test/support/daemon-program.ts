// The daemon as a program of its own, from the sources: `daemon` and its flags, as the command line hands them on.
import { parseArgs } from "node:util";
import { type LogLevel, runDaemon } from "../../adapters/daemon/index.js";
import { sourceWorker } from "./sqlite.js";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    addr: { type: "string", multiple: true },
    port: { type: "string" },
    "no-tcp": { type: "boolean" },
    "dangerously-allow-remote": { type: "boolean" },
    store: { type: "string" },
    "log-level": { type: "string" },
    "hook-program": { type: "string" },
  },
});
const level = values["log-level"];
process.exit(
  await runDaemon({
    ...(values.addr && { addr: values.addr }),
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(values["no-tcp"] && { noTcp: true }),
    ...(values["dangerously-allow-remote"] && { dangerouslyAllowRemote: true }),
    ...(values.store !== undefined && { store: values.store }),
    ...(level !== undefined && { logLevel: level as LogLevel }),
    ...(values["hook-program"] !== undefined && { hookProgram: values["hook-program"] }),
    sqliteWorker: sourceWorker(),
  }),
);
