import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { daemonHere, daemonPlace } from "../../support/daemon.js";
import type { RunningDaemon } from "../../../adapters/daemon/index.js";
import type { Operation } from "../../../lib/contract/operation.js";
import { type CodeEntry, errorCatalogue } from "../../../lib/errors.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { scriptedExecutor } from "../../../lib/testing/scripted-executor.js";
import { listedOrigins } from "../corpus/origins.js";
import { type Answered, type Caller, createCaller } from "./caller.js";

const token = "configured-token-of-the-test";
const collections = ["questions", "tokens", "attachments", "peers", "asks", "ask_many", "messages"];

/** A whole daemon in this process, with runs in every state, and raw callers to its port. */
export interface ContractSubject {
  readonly daemon: RunningDaemon;
  readonly port: number;
  readonly cwd: string;
  readonly caller: Caller;
  /** Runs by what they do: `ended`, `running`, `asking`; a question and an attachment. */
  readonly ids: Readonly<Record<"ended" | "running" | "asking" | "question" | "attachment", string>>;
  /** The path of an operation, its parameters filled in with things that are there. */
  pathOf(operation: Operation): string;
  /** All records as one text: equal texts mean that nothing was changed. */
  records(): Promise<string>;
  /** Fails unless the daemon answers that it is well. */
  assertHealthy(): Promise<void>;
}

/** Opens it over a memory store; free commands are off, so that no hostile text is ever run. */
export async function contractSubject(): Promise<ContractSubject> {
  const place = daemonPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  const settings = {
    auth_token: token,
    allowed_hosts: ["box.example"],
    allowed_origins: listedOrigins,
    process: { argv: "off" },
    queue_limit: 100_000,
    limits: { failedCredentials: 100_000, keptRunsInMemory: 100_000, idempotencyKeys: 100_000 },
  };
  writeFileSync(join(place.home.path, "config.json"), JSON.stringify({ daemon: settings }), { mode: 0o600 });
  const daemon = await daemonHere(place, {
    store: "memory",
    executors: {
      scripted: scriptedExecutor([{ emit: { type: "turn.started", payload: { turn: 1 } } }]),
      hang: scriptedExecutor([{ emit: { type: "turn.started", payload: { turn: 1 } } }, { hang: true }]),
      ask: functionExecutor(async ({ ask }) => (await ask({ kind: "text", scope: "user_question", prompt: "Which one?" })).text ?? ""),
    },
    profiles: { craft: { executor: "scripted" }, hang: { executor: "hang" }, ask: { executor: "ask" } },
  });
  const port = Number(new URL(daemon.addresses.find((address) => address.startsWith("http")) ?? "").port);
  const doctor = createCaller(port);
  const put = await doctor.send(requestBytes({ port }, { method: "POST", target: "/attachments/raw", types: ["image/png"], body: "text" }));
  const ids = { ...(await fixtures(daemon)), attachment: (JSON.parse(put.body) as { id: string }).id };
  return {
    daemon,
    port,
    cwd: place.cwd,
    ids,
    caller: createCaller(port),
    pathOf: (operation) =>
      operation.path
        .replace(
          "{id}",
          operation.method === "DELETE" || operation.name === "runs.wait"
            ? ids.ended
            : operation.name === "runs.answer"
              ? ids.asking
              : operation.name === "questions.get"
                ? ids.question
                : operation.name.startsWith("attachments.")
                  ? ids.attachment
                  : ids.running,
        )
        .replace("{input_id}", "I-1")
        .replace("{question_id}", ids.question),
    async records() {
      const { manager, tokens } = daemon;
      const { runs } = await manager.list({ limit: 1_000 });
      const revisions = async (collection: string): Promise<unknown> =>
        (await manager.store.list(collection, { limit: 1_000 })).items.map(({ id, revision }) => [id, revision]);
      return JSON.stringify([runs, tokens.list(), await Promise.all(collections.map(revisions))]);
    },
    async assertHealthy() {
      const { status, body } = await doctor.send(`GET /health HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
      if (status !== 200 || JSON.parse(body).status !== "ok") throw new Error(`The daemon is not well: ${status} ${body}`);
    },
  };
}

async function fixtures({ manager }: RunningDaemon): Promise<Omit<ContractSubject["ids"], "attachment">> {
  const ended = await manager.start({ prompt: "end" });
  await ended.done();
  const running = await manager.start({ prompt: "hang", profile: "hang" });
  const asking = await manager.start({ prompt: "ask", profile: "ask" });
  const asked = async (): Promise<string | undefined> => (await manager.questions({ run_ids: [asking.id] })).questions[0]?.question_id;
  let question = await asked();
  while (question === undefined || (await manager.get(running.id)).last_seq < 3) {
    await new Promise((resolve) => setImmediate(resolve));
    question = await asked();
  }
  return { ended: ended.id, running: running.id, asking: asking.id, question };
}

/** The least body that an operation takes, with its type. */
export function leastBody({ body }: Operation): { readonly types?: readonly string[]; readonly body?: string } {
  if (body === "json") return { body: "{}" };
  if (body !== "multipart") return {};
  const form = '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n';
  return { types: ["multipart/form-data; boundary=x"], body: form };
}

/** A request as bytes. What is not said is what a well-behaved owner would send. */
export function requestBytes(
  { port }: Pick<ContractSubject, "port">,
  part: {
    readonly method: string;
    readonly target: string;
    readonly hosts?: readonly string[];
    readonly headers?: readonly string[];
    readonly types?: readonly string[];
    readonly body?: string | Uint8Array;
  },
): Buffer {
  const { method, target, hosts = [`localhost:${port}`], headers = [], types = ["application/json"], body } = part;
  const pairs: string[] = [...hosts.flatMap((host) => ["Host", host]), "Authorization", `Bearer ${token}`, ...headers];
  const bytes = body === undefined ? undefined : Buffer.from(body as string);
  if (bytes) pairs.push(...types.flatMap((type) => ["Content-Type", type]), "Content-Length", String(bytes.length));
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let at = 0; at < pairs.length; at += 2) head += `${pairs[at]}: ${pairs[at + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`), bytes ?? Buffer.alloc(0)]);
}

const gateCodes = [
  "malformed_request",
  "headers_too_large",
  "request_timeout",
  "expectation_failed",
  "http_version",
  "host_not_allowed",
  "invalid_target",
  "target_too_long",
  "token_in_url",
  "origin_not_allowed",
  "auth_required",
  "auth_invalid",
  "not_found",
  "method_not_allowed",
  "scope_required",
  "unsupported_media_type",
  "body_too_large",
  "invalid_json",
  "invalid_request",
]; // prettier-ignore
const allowedFailures = new Set([501, 503, 505, 507]);

/** The code of a refusal; `undefined` for a success. */
export function codeOf({ status, body }: Answered): string | undefined {
  return status < 400 ? undefined : (JSON.parse(body) as { code: string }).code;
}

/** What breaks the contract in an answer, whatever was asked; nothing when all is right. */
export function faultOf(answer: Answered, operation?: Operation): string | undefined {
  const { status, headers, body } = answer;
  if (headers.get("x-content-type-options") !== "nosniff") return "no security headers";
  if (status < 400) return undefined;
  if (status >= 500 && !allowedFailures.has(status)) return `status ${status}: ${body.slice(0, 200)}`;
  if (headers.get("content-type") !== "application/problem+json") return `a refusal as ${headers.get("content-type")}`;
  const code = codeOf(answer) as keyof typeof errorCatalogue;
  const entry = errorCatalogue[code] as CodeEntry | undefined;
  if (entry?.status !== status && !entry?.alternatives?.includes(status)) return `code ${code} with status ${status}`;
  const documented = [...gateCodes, ...(operation?.codes ?? [])];
  return !operation || documented.includes(code) ? undefined : `undocumented ${code}`;
}
