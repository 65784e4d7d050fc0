import { describe, expect, it } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { createOutputDecoder } from "../../lib/node/process/output-decoder.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import type { Executor } from "../../lib/runs/executor.js";
import { systemHost } from "../../lib/system-host.js";
import { waitsForClose } from "../support/mutants/wrong-containments.js";
import { beats, endSurvivors, shapeArgv, survivors, treeFolder } from "../support/process-tree.js";
import { createFakeRun } from "../support/run-context.js";
import { holds, integerOf, randomOf, trials } from "./support/trials.js";

const containment = createContainment({ storeId: `output${process.pid}` });
const executor = createProcessExecutor({ host: systemHost, containment, level: "group+cookie" });
const shell = (script: string): string[] => ["/bin/sh", "-c", script];

// What a program writes, and what of it is told as standard output and standard error.
const cases: readonly (readonly [name: string, script: string, stdout: string, stderr: string])[] = [
  ["nothing", ":", "", ""],
  ["standard error alone", "echo oops >&2", "", "oops\n"],
  ["both, in turn", "echo a; echo b >&2; echo c; echo d >&2", "a\nc\n", "b\nd\n"],
  ["no line end at the end", "printf 'a\\nb'", "a\nb", ""],
  ["only line ends", "printf '\\n\\n\\n'", "\n\n\n", ""],
  ["zero bytes", "printf 'a\\0b\\0'", "a\ufffdb\ufffd", ""],
  ["an invalid byte first", "printf '\\377a'", "\ufffda", ""],
  ["an invalid byte in the middle", "printf 'a\\376b'", "a\ufffdb", ""],
  ["an invalid byte last", "printf 'a\\200'", "a\ufffd", ""],
  ["a character cut by the end", "printf 'a\\342\\202'", "a\ufffd", ""],
  ["a character cut by a pause", "printf '\\342'; sleep 0.05; printf '\\202\\254'", "€", ""],
  ["an overlong form", "printf '\\300\\257'", "\ufffd\ufffd", ""],
  ["a surrogate", "printf '\\355\\240\\200'", "\ufffd\ufffd\ufffd", ""],
  ["carriage returns", "printf 'a\\rb\\r\\nc\\r'", "a\rb\nc\r", ""],
  ["a byte order mark", "printf '\\357\\273\\277a'", "\ufeffa", ""],
  ["a closed standard output", "echo a; exec >&-; echo b >&2", "a\n", "b\n"],
  ["a child that it waits for", "(echo a) & wait; echo b", "a\nb\n", ""],
  ["an end in the middle of a flood", "yes | head -c 300000; exit 3", "y\n".repeat(150_000), ""],
];

describe("what a process writes", () => {
  it.concurrent.for(cases)("is told as it is: %s", async ([, script, stdout, stderr], { expect: expects }) => {
    const run = createFakeRun({ argv: shell(script) });
    await executor.execute(run.context);
    expects([run.output("stdout"), run.output("stderr")]).toEqual([stdout, stderr]);
  });

  it("is bounded in memory, however long its line and however many its lines", async () => {
    const bytes = trials(20_000_000, 1_000_000_000);
    for (const script of [`head -c ${bytes} /dev/zero | tr '\\0' a`, `yes '' | head -n ${bytes / 10}`]) {
      let told = 0;
      let most = 0;
      const before = process.memoryUsage.rss();
      const run = createFakeRun(
        { argv: shell(script) },
        {
          async emit(type, payload) {
            if (type === "process.output") told += (payload as { text: string }).text.length;
            most = Math.max(most, process.memoryUsage.rss() - before);
            return 1;
          },
        },
      );
      await executor.execute(run.context);
      expect(told).toBe(script.startsWith("head") ? bytes : bytes / 10);
      expect(most / 1e6).toBeLessThan(128);
    }
  });

  it("is the same text wherever its bytes are cut", () => {
    expect(unlikeTexts(trials(20_000, 1_000_000), () => createOutputDecoder({ tty: false }))).toEqual([]);
  });

  it("would be found to depend on the cuts where each chunk is decoded by itself", () => {
    const chunkwise = (): Decoder => ({ write: (bytes) => bytes.toString("utf8"), end: () => "" });
    expect(unlikeTexts(1_000, chunkwise)).not.toEqual([]);
  });
});

type Decoder = Pick<ReturnType<typeof createOutputDecoder>, "write" | "end">;

// Line ends, zero, and every kind of byte that UTF-8 knows, lawful or not.
const edges = [
  0, 0x0a, 0x0d, 0x41, 0x7f, 0x80, 0x82, 0x98, 0x9f, 0xac, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];

/** Bytes that come out otherwise than another decoder reads them, whole or cut in two. */
function unlikeTexts(count: number, make: () => Decoder): string[] {
  const { random } = randomOf("bytes");
  const unlike: string[] = [];
  for (let trial = 0; trial < count && unlike.length < 5; trial += 1) {
    const bytes = Buffer.from(Array.from({ length: 1 + integerOf(random, 12) }, () => edges[integerOf(random, edges.length)] as number));
    const [whole, cut] = [make(), make()];
    const at = integerOf(random, bytes.length + 1);
    const texts = [whole.write(bytes) + whole.end(), cut.write(bytes.subarray(0, at)) + cut.write(bytes.subarray(at)) + cut.end()];
    const expected = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replaceAll("\0", "\ufffd").replaceAll("\r\n", "\n");
    if (texts.some((text) => text !== expected)) unlike.push(bytes.toString("hex"));
  }
  return unlike;
}

/** Whether a run whose leader leaves somebody behind that holds its output ends within a second of it. */
async function endsInTime(subject: Executor): Promise<boolean> {
  const { path: folder, remove } = treeFolder();
  const run = createFakeRun({ argv: shapeArgv("08-holds-stdout", folder), env: { MARK: folder } });
  const ended = subject.execute(run.context).then(() => true);
  // From the moment at which the holder alone is left.
  while (!leaderIsGone(folder)) await new Promise((resolve) => setTimeout(resolve, 5));
  const inTime = await Promise.race([ended, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000))]);
  run.abort();
  endSurvivors(folder);
  await ended;
  remove();
  return inTime;
}

function leaderIsGone(folder: string): boolean {
  const hasHolder = (beats(folder)["holder"] ?? 0) > 0;
  return hasHolder && ![...survivors(folder).values()].some((line) => line.includes("08-holds-stdout"));
}

describe("a run whose grandchild holds its output", () => {
  it("ends all the same, every time", async () => {
    await holds({ promise: "R16 grandchild holds the output", short: 20, long: 500 }, async () =>
      (await endsInTime(executor)) ? [] : ["it did not end within a second of its leader"],
    );
  });

  it("would be found waiting if it waited for the pipe to close", async () => {
    expect(await endsInTime(waitsForClose)).toBe(false);
  });
});
