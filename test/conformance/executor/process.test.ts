import { describe, it } from "vitest";
import { createProcessExecutor } from "../../../lib/node/process/process-executor.js";
import { systemHost } from "../../../lib/system-host.js";
import { executorSuite } from "../../../lib/testing/executor-suite.js";
import { runSuite } from "../../../lib/testing/suite.js";

const sh = (script: string) => ({ argv: ["/bin/sh", "-c", script] });

describe("createProcessExecutor", () => {
  runSuite(it, executorSuite, {
    name: "process",
    supports: { queue: true, prepare: true },
    options: { commands: { listen: { ...sh("read line"), input: true } }, process: { argv: "socket", shell: true } },
    make: () => ({
      executor: createProcessExecutor({ host: systemHost }),
      ordered: {
        request: sh("for n in 1 2 3 4; do echo $n; done; exit 0"),
        expected: "1\n2\n3\n4\n",
        read: ({ events }) => events.flatMap(({ type, payload }) => (type === "process.output" ? [payload["text"]] : [])).join(""),
      },
      echo: { request: (text) => ({ ...sh("cat"), prompt: "x", stdin: text }), read: ({ record }) => record.result ?? "" },
      failing: { request: sh("echo no luck >&2; exit 3"), error_code: "exit_nonzero" },
      endless: {
        request: sh("trap 'exit 0' TERM; while :; do echo working; sleep 0.05; done"),
        ready: ({ type }) => type === "process.output",
      },
      listening: { request: { command: "listen" } },
      refused: { request: { shell: "true" }, code: "argv_not_allowed" },
    }),
  });
});
