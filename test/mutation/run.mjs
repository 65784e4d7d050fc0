// Mutation run: `npm run test:mutation [-- <part of a path> …]`. Changes the sources below in every way Stryker knows, one
// mutant at a time, and says which of them the tests named beside each source do not notice.
//
// Stryker is no dependency: it brings a hundred and seventy packages that nothing else needs, and is wanted before a release
// only. It is installed in an ignored folder of the project, from where it finds the vitest that the tests always run on.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const version = "10.1.1";
const wantedPercent = 85;
const tests = (folder, ...names) => names.map((name) => `test/unit/${folder}/${name}.test.ts`);

/** Each source with the tests that must notice its mutants: fewer tests, and the right ones. */
const subjects = {
  "lib/runs/transitions.ts": tests("runs", "transitions"),
  "lib/events/cursor.ts": tests("events", "cursor", "cursor-store", "journal"),
  "lib/events/frame.ts": tests("events", "encode", "stream-log"),
  "lib/events/journal.ts": tests("events", "journal", "journal-batches"),
  "lib/questions/desk.ts": tests("questions", "desk", "desk-endings", "desk-parts", "call-endings"),
  "lib/questions/judge.ts": tests("questions", "judge"),
  "adapters/http/gate/body-framing.ts": tests("http", "content-type", "handler"),
  "adapters/http/gate/byte-scan.ts": tests("http", "json-body"),
  "adapters/http/gate/caller.ts": tests("http", "handler", "limiter"),
  "adapters/http/gate/connection.ts": tests("http", "handler", "origin"),
  "adapters/http/gate/content-type.ts": tests("http", "content-type"),
  "adapters/http/gate/host-header.ts": tests("http", "host-header"),
  "adapters/http/gate/json-body.ts": tests("http", "json-body"),
  "adapters/http/gate/limiter.ts": tests("http", "limiter"),
  "adapters/http/gate/origin.ts": tests("http", "origin"),
  "adapters/http/gate/target.ts": tests("http", "target"),
};

const home = resolve(`temp/mutation-${version}`);
const stryker = join(home, "node_modules/@stryker-mutator");
install();
const wanted = process.argv.slice(2);
const chosen = Object.keys(subjects).filter((source) => wanted.length === 0 || wanted.some((part) => source.includes(part)));
if (chosen.length === 0) throw new Error(`No source here has one of these in its path: ${wanted.join(", ")}.`);
const scores = chosen.map((source) => mutate(source));
console.log(`\n${scores.map(({ source, percent, line }) => `${percent.toFixed(1).padStart(5)} %  ${source}: ${line}`).join("\n")}`);
process.exitCode = scores.some(({ percent }) => percent < wantedPercent) ? 1 : 0;

function install() {
  if (existsSync(join(stryker, "vitest-runner"))) return;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), "{}");
  const packages = ["core", "vitest-runner"].map((name) => `@stryker-mutator/${name}@${version}`);
  const options = ["--no-save", "--legacy-peer-deps", "--no-audit", "--no-fund"];
  execFileSync("npm", ["install", ...options, ...packages], { cwd: home, stdio: "inherit" });
}

function mutate(source) {
  const report = join(home, "reports", `${source.replaceAll("/", "-")}.json`);
  const config = join(home, "stryker.config.json");
  writeFileSync(
    config,
    JSON.stringify({
      mutate: [source],
      testRunner: "vitest",
      vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
      plugins: ["@stryker-mutator/vitest-runner", resolve("test/mutation/ignore-texts.mjs")],
      ignorers: ["texts"],
      ignorePatterns: ["*", "!lib/**", "!adapters/**", "!test/**", "!package.json"],
      tempDirName: join(home, "sandbox"),
      concurrency: Number(process.env["MUTATION_CONCURRENCY"] ?? 2),
      reporters: ["json"],
      jsonReporter: { fileName: report },
      logLevel: "warn",
      // Beyond the time its tests took before: those that take longer never end, on a busy machine too.
      timeoutMS: 10_000,
    }),
  );
  execFileSync(process.execPath, [join(stryker, "core/bin/stryker.js"), "run", config], {
    stdio: "inherit",
    env: { ...process.env, MUTATION_TESTS: subjects[source].join(",") },
  });
  return score(source, JSON.parse(readFileSync(report, "utf8")).files[source]);
}

function score(source, { mutants, source: text }) {
  const of = (...statuses) => mutants.filter(({ status }) => statuses.includes(status));
  const [noticed, missed] = [of("Killed", "Timeout"), of("Survived", "NoCoverage")];
  const lines = text.split("\n");
  for (const { mutatorName, status, location, replacement } of missed) {
    const { start, end } = location;
    const was = start.line === end.line ? lines[start.line - 1].slice(start.column - 1, end.column - 1) : lines[start.line - 1].trim();
    console.log(`${source}:${start.line}:${start.column} ${status} ${mutatorName}: ${was} → ${replacement}`);
  }
  const percent = (100 * noticed.length) / Math.max(1, noticed.length + missed.length);
  const others = mutants.length - noticed.length - missed.length - of("Ignored").length;
  const line = `${noticed.length} of ${noticed.length + missed.length}, ${of("Timeout").length} by never ending; ${of("Ignored").length} texts left out, ${others} did not load`;
  return { source, percent, line };
}
