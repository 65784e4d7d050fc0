import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { type LevelName, levelNames } from "../../lib/node/process/levels/level.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import { systemHost } from "../../lib/system-host.js";
import { createFakeRun } from "../support/run-context.js";
import { randomOf, sampled } from "./support/trials.js";

const containment = createContainment({ storeId: `exits${process.pid}` });
const { levels } = await containment.report();
const signals = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
const deaf = new Set(["SIGKILL", "SIGSTOP"]);
const codes = Array.from({ length: 256 }, (_, code) => code);

interface Case {
  readonly signal: number;
  readonly code: number;
}

/** How a program is told to end that is hit by the signal and answers with the exit code. */
const script = ({ signal, code }: Case): string => `trap 'exit ${code}' ${signal}; kill -${signal} $$; while :; do sleep 0.01; done`;

/** Ends that were told otherwise than they were. `through` puts a program in between. */
async function mistold(cases: readonly Case[], level: LevelName, through: readonly string[] = []): Promise<unknown[]> {
  const wrong: unknown[] = [];
  const left = [...cases];
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) {
      const name = signals.get(next.signal) ?? "";
      const run = createFakeRun({ argv: [...through, "/bin/sh", "-c", deaf.has(name) ? `kill -KILL $$` : script(next)] });
      await createProcessExecutor({ host: systemHost, containment, level }).execute(run.context);
      const told = run.of("process.exited")[0]?.payload;
      const { inferred: _, ...payload } = told ?? {};
      const expected = deaf.has(name) ? { signal: "SIGKILL" } : { exit_code: next.code };
      if (JSON.stringify(payload) !== JSON.stringify(expected)) wrong.push({ ...next, name, payload, expected });
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return wrong;
}

const all = [...signals.keys()].flatMap((signal) => codes.map((code): Case => ({ signal, code })));

describe("how a process ended", () => {
  it("is told exactly, whatever signal hit it and with whatever code it then exits", async () => {
    const { seed, random } = randomOf("exits");
    const cases = sampled(all, 62, random);
    expect(await mistold(cases, levels.cgroup.available ? "cgroup" : "group")).toEqual([]);
    console.log(`${cases.length} ends of ${all.length}, 0 violations, seed ${seed}`);
  });

  it.for(levelNames.filter((level) => levels[level].available))(
    "tells a signal from the code a shell makes of it, at level %s",
    async (level) => {
      const ends: [string[], object][] = [
        [["/bin/sh", "-c", "kill -TERM $$"], { signal: "SIGTERM" }],
        [["/bin/sh", "-c", "exit 143"], { exit_code: 143 }],
        [["/bin/sh", "-c", "exit 137"], { exit_code: 137 }],
      ];
      for (const [argv, told] of ends) {
        const run = createFakeRun({ argv });
        await createProcessExecutor({ host: systemHost, containment, level }).execute(run.context);
        // In a namespace the init passes on what it saw as a code: there the signal is inferred, and said to be.
        if (level === "pidns") expect(run.of("process.exited")[0]?.payload).toBeDefined();
        else expect(run.of("process.exited")[0]?.payload).toEqual(told);
      }
    },
  );

  it("would be found mistold by a shell in between, which makes a code of a signal", async () => {
    const killed = all.filter(({ signal }) => signals.get(signal) === "SIGKILL").slice(0, 1);
    expect(await mistold(killed, "group", ["/bin/sh", "-c", '"$@"; exit $?', "sh"])).toHaveLength(1);
  });
});
