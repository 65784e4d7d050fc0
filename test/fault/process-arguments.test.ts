import { describe, expect, it } from "vitest";
import { createContainment } from "../../lib/node/process/containment.js";
import { createProcessExecutor } from "../../lib/node/process/process-executor.js";
import type { NormalRequest } from "../../lib/runs/normal-request.js";
import { systemHost } from "../../lib/system-host.js";
import { createFakeRun } from "../support/run-context.js";
import { argvCorpus } from "./corpus/argv.js";
import { randomOf, sampled } from "./support/trials.js";

const containment = createContainment({ storeId: `arguments${process.pid}` });
const { random } = randomOf("arguments");
// Says what it was given: its arguments after `--`, and its input.
const echo = [
  process.execPath,
  "-e",
  `let i="";process.stdin.on("data",(d)=>i+=d).on("end",()=>console.log(JSON.stringify([process.argv.slice(1),i])))`,
  "--",
];

async function heard(request: Partial<NormalRequest>): Promise<[string[], string]> {
  const run = createFakeRun(request);
  await createProcessExecutor({ host: systemHost, containment, level: "group" }).execute(run.context);
  return JSON.parse(run.output("stdout")) as [string[], string];
}

const prompts = (): readonly string[] =>
  sampled(
    argvCorpus.filter((text) => text.trim() !== ""),
    8,
    random,
  );

describe("what a request names", () => {
  it("reaches the program as it is, each argument apart", async () => {
    // A fixed argument on both sides: none may be joined, split, dropped or expanded.
    const short = argvCorpus.filter((text) => text.length < 1_000);
    expect((await heard({ argv: [...echo, "first", ...short, "last"], stdin: "" }))[0]).toEqual(["first", ...short, "last"]);
    const long = argvCorpus.filter((text) => text.length >= 1_000);
    expect((await heard({ argv: [...echo, ...long], stdin: "" }))[0]).toEqual(long);
  });

  it.each(["arg", "stdin"] as const)("never becomes a flag of a named command as its prompt, given by %s", async (prompt_via) => {
    for (const prompt of prompts()) {
      const template = { argv: [...echo, "--flag"], prompt_via };
      const [args, input] = await heard({ command: "echo", template, prompt, prompt_given: true });
      // What follows `--` is no flag, and the flags of the operator stay what they were.
      expect([args, input]).toEqual(prompt_via === "arg" ? [["--flag", "--", prompt], ""] : [["--flag"], prompt]);
    }
  });

  it("would be found changed by a shell in between", async () => {
    for (const text of ["a b", "$HOME", "*", "~"]) {
      const throughShell = ["/bin/sh", "-c", `exec "$0" "$@" ${text}`, ...echo];
      expect((await heard({ argv: throughShell, env: { HOME: "/" }, stdin: "" }))[0]).not.toEqual([text]);
    }
  });
});
