import { describe, expect, it, vi } from "vitest";
import { functionExecutor, type OperationInput, type OperationName, operations } from "../../../lib/index.js";
import type { CallDetails } from "../../support/mesh.js";
import { openMeshRoom } from "../../support/mesh-room.js";

/** What is called, after all that it needs has been stored. */
type Prepared = { [Name in OperationName]: readonly [Name, OperationInput<Name>, CallDetails?] }[OperationName];

const executors = {
  talk: functionExecutor(async ({ input }) => {
    for (let given = await input.next(); given; given = await input.next()) await given.delivered();
  }),
  works: functionExecutor(async ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve("over")))),
  asks: functionExecutor(async ({ ask }) => (await ask({ kind: "text", scope: "user_question", prompt: "Which one?" })).text ?? ""),
};

const options = ["allow", "deny"].map((id) => ({ id, title: id }));

async function bench() {
  const profiles = { talk: { executor: "talk" }, works: { executor: "works" }, asks: { executor: "asks" } };
  const opened = await openMeshRoom({}, false, { executors, profiles });
  const { call, peer, host } = opened;
  const { peer_id } = await peer("worker", { session_id: "S1" });
  const ask = async () => (await call("asks.ask", { to_peer: "worker", text: "Well?" })).correlation_id;
  const note = async () => call("messages.notify", { to_peer: "worker", text: "note" });
  const claim = async () => {
    await note();
    return (await call("messages.claim", { peer_id })).claim_id ?? "";
  };
  const run = async (profile = "talk") => {
    const { run_id } = await call("runs.start", { prompt: "talk", profile, keep_open: true });
    await opened.settle();
    return run_id;
  };
  const question = async (correlation_id: string) => {
    const asked = call("questions.askBlocking", { correlation_id, prompt: "May I?", options });
    asked.catch(() => {});
    await opened.settle();
    return correlation_id;
  };
  /** An ask whose reply is kept for whoever waited for it until just now. */
  const awaited = async () => {
    const id = await ask();
    const waiting = call("asks.wait", { id, timeout_ms: 1 });
    await host.clock.advance(1);
    await waiting;
    await call("asks.ack", { correlation_id: id, message: "yes" });
    return id;
  };
  return { ...opened, peer_id, ask, note, claim, run, question, awaited };
}

type Bench = Awaited<ReturnType<typeof bench>>;

/** Calls that write, each in a state in which it does. */
const calls: Readonly<Record<string, (bench: Bench) => Promise<Prepared> | Prepared>> = {
  "asks.ack": async ({ ask }) => ["asks.ack", { correlation_id: await ask(), message: "yes" }],
  "asks.ack, bare": async ({ ask }) => ["asks.ack", { correlation_id: await ask() }],
  "asks.ask": () => ["asks.ask", { to_peer: "worker", text: "Well?" }],
  "asks.askMany": () => ["asks.askMany", { to_peers: ["worker"], text: "Well?" }],
  "asks.cancel": async ({ ask }) => ["asks.cancel", { id: await ask() }],
  "asks.decline": async ({ ask }) => ["asks.decline", { id: await ask() }],
  "asks.wait": async ({ awaited }) => ["asks.wait", { id: await awaited(), timeout_ms: 1_000 }],
  "attachments.put": ({ file }) => ["attachments.put", {}, { body: file("text") }],
  "attachments.remove": async ({ put }) => ["attachments.remove", { id: await put("text") }],
  "attachments.upload": ({ file }) => ["attachments.upload", {}, { body: file("text") }],
  "messages.broadcast": () => ["messages.broadcast", { text: "hear" }],
  "messages.claim": async ({ note, peer_id }) => (await note(), ["messages.claim", { peer_id }]),
  "messages.confirm": async ({ claim }) => ["messages.confirm", { claim_id: await claim() }],
  "messages.notify": () => ["messages.notify", { to_peer: "worker", text: "note" }],
  "messages.send": () => ["messages.send", { to_peer: "worker", text: "note", kind: "notify" }],
  "panes.link": ({ panes }) => ["panes.link", { pane_id: panes.add().pane_id, backend: "codex" }],
  "peers.offline": ({ peer_id }) => ["peers.offline", { id: peer_id }],
  "peers.offline, terminal": ({ peer_id }) => ["peers.offline", { id: peer_id, terminal: true }],
  "peers.register": () => ["peers.register", { name: "other", backend: "codex" }],
  "peers.register, again": ({ peer_id }) => ["peers.register", { peer_id, backend: "service", session_id: "S2" }],
  "peers.remove": ({ peer_id }) => ["peers.remove", { id: peer_id }],
  "peers.update": ({ peer_id }) => ["peers.update", { id: peer_id, description: "works" }],
  "questions.answer": async ({ question }) => ["questions.answer", { correlation_id: await question("pretool-job1"), option_id: "allow" }],
  "questions.askBlocking": () => ["questions.askBlocking", { prompt: "May I?", options }],
  "runs.answer": async ({ call, settle }) => {
    const { run_id: id } = await call("runs.start", { prompt: "ask", profile: "asks" });
    await settle();
    return ["runs.answer", { id, question_id: (await call("runs.questions", { id })).questions[0]?.question_id ?? "", text: "this one" }];
  },
  "runs.cancel": async ({ run }) => ["runs.cancel", { id: await run() }],
  "runs.input": async ({ run }) => ["runs.input", { id: await run(), text: "more" }],
  "runs.prune": async ({ run, call, settle, host }) => {
    await call("runs.cancel", { id: await run() });
    await settle();
    await host.clock.advance(1_000);
    return ["runs.prune", { older_than_ms: 0 }];
  },
  "runs.start": () => ["runs.start", { prompt: "talk", profile: "talk" }],
  "runs.withdraw": async ({ run, call, settle }) => {
    const id = await run("works");
    const { input_id } = await call("runs.input", { id, text: "more" });
    await settle();
    return ["runs.withdraw", { id, input_id }];
  },
  "session.update": ({ peer_id }) => ["session.update", { peer_id, model: "m" }],
};

/** Tokens are served beside a mesh and wait for nobody: `test/unit/tokens`. A rehook writes a token alone. */
const elsewhere = /^(tokens|auth|dashboard)\.|^peers\.rehook$/;

describe("A call that finds no space on the disk", () => {
  it("is tried for every operation that may say so", () => {
    const tried = new Set(Object.keys(calls).map((title) => title.split(",")[0]));
    const said = operations.flatMap(({ name, codes }) => (codes.includes("storage_full") && !elsewhere.test(name) ? [name] : []));
    expect(new Set(tried)).toEqual(new Set(said));
  });

  it.each(Object.entries(calls))("is told at once: %s", async (_, prepare) => {
    const prepared = await bench();
    const { call, host, store, settle } = prepared;
    const [name, input, details] = await prepare(prepared);
    await settle();
    store.failCommits(1, "storage_full");
    let told: unknown = "nothing";
    call(name, input as never, details).then(
      () => (told = "that it is done"),
      (error: unknown) => (told = error),
    );
    // The next look for space comes after a second.
    for (let turn = 0; turn < 20; turn += 1) await host.clock.advance(20);
    // A digest is made beside the loop, in no time of the clock.
    await vi.waitFor(() => expect(told).toMatchObject({ code: "storage_full" }));
  });
});
