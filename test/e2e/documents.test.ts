import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it, onTestFinished } from "vitest";
import { endSurvivors } from "../support/process-tree.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

/** The blocks of a page in one language. */
function blocksOf(page: string, language: string): string[] {
  return [...textOf(page).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, of, text = ""]) => (of === language ? [text] : []));
}

/** Exit code of a script in bash, and all it said; its home and its temporary folders are gone afterwards. */
async function bash(script: string): Promise<{ code: number | null; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), "anode-documents-"));
  onTestFinished(() => {
    endSurvivors(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: folder, TMPDIR: folder, TERM: "dumb" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (said += part));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
}

/** What TypeScript says of a program that uses this package as it is built. */
function complaintsAbout(program: string): string[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => readFileSync(path, "utf8"));
  const { rootDir: _, outDir: _out, ...options } = ts.parseJsonConfigFileContent(config, ts.sys, root).options;
  const file = join(root, "shown.ts");
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? program : readFile(path));
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** The pages whose lines can be typed, and what is seen then. */
const typed: Record<string, readonly string[]> = {
  "docs/first-agent-run.md": [
    "Config doctor passed.",
    "I found the documents",
    "status         completed",
    '"type":"run.completed"',
    " 3  run.state  ",
    "running -> completed end_turn craft first",
    '"first_seq":1,"last_seq":3,"next_after":2}',
    'id: 3\ndata: {"id":"evt_3"',
    "seen 3 run.state completed",
    "Going on",
  ],
  "docs/approve-from-another-terminal.md": [
    "Allow create_file? notes.md",
    "1 answered, allow",
    "2 denied, deny, denied",
    "create_file denied: one file is enough",
    "3 denied, deny, no_approver",
    "4 denied, deny, timed_out",
    "Written",
  ],
  "docs/mesh.md": [
    "worker  ",
    "Port 7433",
    "Where is the port documented?",
    "reply ask-",
    "  In docs/mesh.md",
    'closed  {"close_reason":"ack_with_msg"}',
    "Told",
    "  tests are green",
    "  queued",
    "human -> docs Where is the port documented?",
    '"confirmed":',
    "And over TLS?",
    "inbox  ok",
  ],
  "docs/dashboard.md": ["/dashboard#code=", '"label":"dashboard"', '"reason":"unknown"', '"revoked_at":'],
  "docs/hooks.md": [
    '+    "SessionStart": [',
    "claude-code  installed",
    '{\n  "model": "opus"\n}\n',
    "You are the peer @repo-claude-code",
    '"reason":"[anode:note from @human to @repo-claude-code]\\nThe tests are red"',
    '"permissionDecision":"allow"',
    "blocked with 2",
  ],
  "docs/extend-the-agent.md": [
    'told {\\"name\\":\\"Ada\\"}',
    "bash denied: pushing is for people",
    '"name":"plugin__words__count","ok":true,"output":"3 words"',
  ],
};

describe("The pages of docs/", () => {
  it.each(Object.entries(typed))("%s can be typed as it stands", async (page, seen) => {
    const { code, said } = await bash(blocksOf(page, "sh").join("\n"));
    expect([code, code === 0 ? "" : said]).toEqual([0, ""]);
    expect(seen.filter((text) => !said.includes(text)).map((text) => `${text}, in: ${said}`)).toEqual([]);
  });

  it.each([
    ["docs/embed-the-agent.md", ["examples/agent-embed.mjs"], 4],
    ["docs/mesh.md", ["examples/mesh-service.mjs"], 1],
    ["docs/extend-the-agent.md", ["examples/agent-tool.mjs", "examples/plugins/words.mjs"], 2],
  ] as const)("%s shows programs that run", (page, examples, count) => {
    const programs = examples.map(textOf);
    const blocks = blocksOf(page, "js");
    expect(blocks).toHaveLength(count);
    expect(blocks.filter((block) => !programs.some((program) => program.includes(block)))).toEqual([]);
  });

  it("README.md shows code that compiles against the package as it is built, and says what its first program says", async () => {
    const blocks = blocksOf("README.md", "ts");
    // What a reader has already: a page and a way to tell users.
    const theirs = "declare function page(response: object): void;\ndeclare function myUser(call: object): undefined;\n";
    expect(blocks).toHaveLength(4);
    const wrong = "// @ts-expect-error the types are there\nnew RunManager({ executor: {} });\n";
    expect(complaintsAbout([theirs, ...blocks, wrong].join("\n"))).toEqual([]);
    const { code, said } = await bash(`node --input-type=module --eval '${blocks[0]}'`);
    expect([code, said.trimEnd().split("\n").at(-1)]).toEqual([0, "Hi Ada!"]);
    // The second one keeps its store beside it, so both are put into a project of their own.
    const program = [...blocks.slice(0, 2), 'console.log("closed");'].join("\n");
    const durable = await bash(
      `mkdir $HOME/node_modules && ln -s $PWD $HOME/node_modules/anode-daemon && cd $HOME && echo '${program}' > app.mjs && node app.mjs`,
    );
    expect([durable.code, durable.said]).toEqual([0, expect.stringMatching(/\nclosed\n$/)]);
  }, 60_000);

  it("docs/dashboard.md shows a server that compiles against the package as it is built", () => {
    const theirs =
      'import type { Mesh, RunManager } from "anode-daemon";\ndeclare const manager: RunManager, mesh: Mesh;\n' +
      "declare function page(response: object): void;\ndeclare function myUser(call: object): undefined;\n";
    const blocks = blocksOf("docs/dashboard.md", "ts");
    expect(blocks).toHaveLength(1);
    expect(complaintsAbout([theirs, ...blocks].join("\n"))).toEqual([]);
  }, 60_000);

  it.each([...Object.keys(typed), "docs/embed-the-agent.md", "README.md", "CONTRIBUTING.md"])("%s links to what is there", (page) => {
    const targets = [...textOf(page).matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = ""]) => target);
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });
});
