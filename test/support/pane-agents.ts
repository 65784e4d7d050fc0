import { execFile } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import { agentsFolder, settleOpencode } from "./agent-packages.js";
import { type FakeModel, startFakeModel } from "./fake-model.mjs";
import { endSurvivors } from "./process-tree.js";
import { programPath } from "./program.js";
import { startTmux, type TmuxServer, until } from "./tmux.js";

/** A runtime as a person runs it in a pane. */
interface PaneAgent {
  /** Its interactive program, as it lies in what `install-agents` installs. */
  readonly program: string;
  readonly argv: readonly string[];
  /** What stands at its composer when it takes text. */
  readonly composer: string;
  /** Writes its own settings; answers the variables it needs. */
  point(home: string, cwd: string, modelUrl: string): Record<string, string>;
}

const paneAgents = {
  "claude-code": {
    program: "claude/node_modules/@anthropic-ai/claude-agent-sdk-*/claude",
    argv: ["--permission-mode", "default"],
    composer: "❯",
    point: pointClaude,
  },
  codex: {
    program: "codex/node_modules/.bin/codex",
    // Its sandbox would keep its commands from the socket of the daemon.
    argv: ["--no-alt-screen", "--dangerously-bypass-hook-trust", "-s", "danger-full-access", "-a", "never"],
    composer: "›",
    point: pointCodex,
  },
  gemini: {
    program: "gemini/node_modules/.bin/gemini",
    argv: ["-m", "gemini-2.5-pro", "--skip-trust", "--approval-mode", "yolo"],
    composer: "Type your message",
    point: (_home, _cwd, modelUrl) => ({ GEMINI_API_KEY: "k", GOOGLE_GEMINI_BASE_URL: modelUrl }),
  },
  opencode: {
    program: "opencode/node_modules/.bin/opencode",
    argv: ["-m", "fake/m1", "--auto"],
    composer: "ctrl+p commands",
    point: pointOpencode,
  },
} as const satisfies Record<string, PaneAgent>;
export type PaneRuntime = keyof typeof paneAgents;

export function programOf(runtime: PaneRuntime): string | undefined {
  return globSync(join(agentsFolder, paneAgents[runtime].program)).find((path) => existsSync(path));
}

/** Each look at a screen is a process, beside an agent that has the processor to itself when it starts. */
const lookMs = 100;
const composers = Object.values(paneAgents).map(({ composer }) => composer);

/** A user with a daemon, a tmux server and a model of his own. */
export interface PaneBench {
  readonly tmux: TmuxServer;
  readonly model: FakeModel;
  /** The person: an owner, over the socket. */
  readonly client: Client;
  readonly home: string;
  anode(...words: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  /** Starts a runtime in a pane and answers the pane. Without other arguments no tool of its own asks. */
  open(runtime: PaneRuntime, session: string, argv?: readonly string[]): string;
  screen(pane: string): string;
  /** Types a prompt as a person does, once the composer takes it. */
  type(pane: string, text: string): Promise<void>;
  /** Answers a runtime's own question as a person does: its first choice is to allow. */
  allow(pane: string): Promise<void>;
  config(config: object): void;
}

/** @param token - configured as the daemon's own */
export async function openPaneBench({ config = {} }: { readonly config?: object } = {}): Promise<PaneBench> {
  const tmux = startTmux("default");
  const model = await startFakeModel();
  const { folder } = tmux;
  const home = join(folder, ".config/anode");
  const path = [dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  const env = { PATH: path, HOME: folder, TMUX_TMPDIR: folder, TERM: "xterm-256color", LANG: "C.UTF-8" };
  const anode: PaneBench["anode"] = (...words) =>
    new Promise((resolve) => {
      execFile(process.execPath, [programPath, ...words], { env, cwd: folder }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  const configure = (value: object): void => {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(join(home, "config.json"), JSON.stringify(value));
    chmodSync(join(home, "config.json"), 0o600);
  };
  configure({ daemon: { auth_token: "person-0123456789abcdef0123456789abcdef" }, ...config });
  onTestFinished(async () => {
    await anode("daemon", "stop");
    await model.close();
    tmux.close();
    endSurvivors(folder);
  });
  const started = await anode("daemon", "--detach");
  if (started.code !== 0) throw new Error(`The daemon did not start: ${started.err}`);
  const client = await connect({ env });
  onTestFinished(() => client.close());
  const screen = (pane: string): string => tmux.tmux("capture-pane", "-p", "-t", pane);
  return {
    tmux,
    model,
    client,
    home: folder,
    anode,
    config: configure,
    async type(pane, text) {
      const shows = (...texts: readonly string[]): boolean => {
        const shown = screen(pane);
        return texts.some((one) => shown.includes(one));
      };
      // What is typed while the program still starts gets lost.
      await until(() => shows(...composers), 60_000, lookMs);
      for (let attempt = 0; attempt < 10 && !shows(text); attempt += 1) {
        // What was typed before may only be late: it must not be there twice.
        if (attempt > 0) tmux.tmux("send-keys", "-t", pane, "C-u");
        tmux.tmux("send-keys", "-t", pane, "-l", text);
        await until(() => shows(text), 2_000, lookMs).catch(() => {});
      }
      // An Enter right behind a text is taken for a part of it by some.
      await new Promise((resolve) => setTimeout(resolve, 200));
      tmux.tmux("send-keys", "-t", pane, "Enter");
    },
    async allow(pane) {
      await until(() => /allow once/i.test(screen(pane)), 30_000, lookMs);
      await new Promise((resolve) => setTimeout(resolve, 500));
      tmux.tmux("send-keys", "-t", pane, "Enter");
    },
    screen,
    open(runtime, session, argv = paneAgents[runtime].argv) {
      const cwd = join(folder, session);
      mkdirSync(cwd, { recursive: true });
      const variables = Object.entries(paneAgents[runtime].point(folder, cwd, model.url)).map((pair) => pair.join("="));
      return tmux.open(session, ["/usr/bin/env", ...variables, programOf(runtime) ?? "", ...argv], cwd);
    },
  };
}

function pointClaude(home: string, cwd: string, modelUrl: string): Record<string, string> {
  const path = join(home, ".claude.json");
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { projects?: object }) : {};
  const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
  // What it would ask at its first start, answered.
  const notices = { hasSeenAutoDefaultNotice: true, hasSeenAutoDefaultNudge: true, hasSeenAutoModeEntryWarning: true };
  const account = {
    ...notices,
    hasResetAutoModeOptInForDefaultOffer: true,
    hasCompletedOnboarding: true,
    theme: "dark",
    customApiKeyResponses: { approved: ["sk-fake"], rejected: [] },
  };
  writeFileSync(path, JSON.stringify({ ...account, ...before, projects: { ...before.projects, [cwd]: trusted } }));
  return {
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: "sk-fake",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_AUTOUPDATER: "1",
  };
}

function pointCodex(home: string, cwd: string, modelUrl: string): Record<string, string> {
  const folder = join(home, ".codex");
  mkdirSync(folder, { recursive: true });
  const provider = `name = "fake"\nbase_url = "${modelUrl}/v1"\nwire_api = "responses"\nenv_key = "FAKE_KEY"\n`;
  const trust = `[projects.${JSON.stringify(cwd)}]\ntrust_level = "trusted"\n`;
  writeFileSync(
    join(folder, "config.toml"),
    `model = "fake-model"\nmodel_provider = "fake"\n\n[model_providers.fake]\n${provider}\n${trust}`,
  );
  return { CODEX_HOME: folder, FAKE_KEY: "k" };
}

function pointOpencode(home: string, _cwd: string, modelUrl: string): Record<string, string> {
  const [path, temporary] = [join(home, "oc.json"), join(home, "tmp")];
  // It leaves libraries where temporary files are.
  mkdirSync(temporary, { recursive: true });
  settleOpencode(home);
  const provider = {
    npm: "@ai-sdk/openai-compatible",
    options: { baseURL: `${modelUrl}/v1`, apiKey: "k" },
    models: { m1: { tool_call: true } },
  };
  writeFileSync(
    path,
    JSON.stringify({ provider: { fake: provider }, model: "fake/m1", small_model: "fake/m1", permission: { bash: "ask" } }),
  );
  return { OPENCODE_CONFIG: path, OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", TMPDIR: temporary };
}
