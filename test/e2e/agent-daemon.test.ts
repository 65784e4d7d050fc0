import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createContainment } from "../../lib/node/index.js";
import { call, daemonHere, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { configAt, fakeModel } from "../support/agent-apis.js";
import { newUser } from "../support/program.js";

const { levels } = await createContainment({ storeId: `e2e${process.pid}` }).report();

/** A place whose configuration has its providers at the fake model server. */
async function placeWith(more: object = {}, key?: string) {
  const fake = await fakeModel();
  const place = daemonPlace();
  mkdirSync(place.home.path, { mode: 0o700 });
  const { providers = {} } = configAt(fake.url, key === undefined ? {} : { apiKey: key });
  writeFileSync(place.home.config, JSON.stringify({ providers, ...more }), { mode: 0o600 });
  return { fake, place, socket: place.home.socket };
}

/** The record of a run once it has ended. */
const ended = (socket: string, id: string) =>
  eventually(async () => {
    const { json } = await call(socket, `/runs/${id}`);
    return /completed|failed|canceled|interrupted/.test(json.status) ? json : undefined;
  });

describe("The daemon's own agent", () => {
  it("runs the documented command line against a provider of the environment", async () => {
    const fake = await fakeModel();
    const user = newUser();
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(user.home, "config.json"), JSON.stringify({ providers: { openai: { baseURL: `${fake.url}/v1` } } }), {
      mode: 0o600,
    });
    user.env["OPENAI_API_KEY"] = "sk-of-this-test";
    const words = ["runs", "start", "--profile", "study", "--model", "openai/gpt-5.5", "--max-turns", "10", "--approval", "auto"];
    const { code, out } = await user.anode(...words, "--attach", "#script! say summarized");
    expect([code, out]).toEqual([0, "summarized\n"]);
    expect(fake.requests).toMatchObject([{ api: "responses", model: "gpt-5.5", ended: "finished" }]);
  });

  it("keeps its threads under the home folder and goes on with one of them", async () => {
    const { place, socket } = await placeWith();
    await daemonHere(place);
    const start = async (body: object) => (await call(socket, "/runs", { body: { model: "openai/gpt-5.5", ...body } })).json;
    const first = await ended(socket, (await start({ prompt: "#script! say One" })).run_id);
    expect(first).toMatchObject({ status: "completed", result: "One", executor: "agent", session_id: expect.stringMatching(/^T-/) });
    const second = await ended(socket, (await start({ prompt: "and now", session_id: first.session_id })).run_id);
    expect(second).toMatchObject({ status: "completed", session_id: first.session_id });
    expect(await start({ prompt: "x", session_id: "T-0199c7fe-a000-7000-8000-000000000000" })).toMatchObject({
      status: 422,
      code: "session_not_found",
    });
  });

  it("says in the run's first words who it is", async () => {
    const { place, socket } = await placeWith({
      model: "zai/glm-5.1",
      profiles: { mine: { aliases: ["m"], maxTurns: 2, approvalMode: "auto" } },
    });
    await daemonHere(place);
    const { json } = await call(socket, "/runs", { body: { prompt: "#script! say x", profile: "m" } });
    const record = await ended(socket, json.run_id);
    expect(record).toMatchObject({ profile: "mine", max_turns: 2, approval_mode: "auto", model: "zai/glm-5.1" });
    const page = await call(socket, `/runs/${json.run_id}/events?limit=10`);
    expect(page.text).toContain('"permission":{"context":"daemon","approval_mode":"auto"}');
  });

  it.each([
    ["careful", "ask"],
    ["unrestricted", "unrestricted"],
    ["yolo", "unrestricted"],
    ["strict", "ask"],
  ])("takes the mode of runs that name none from the preset %s", async (permissionPreset, mode) => {
    const { place, socket } = await placeWith({ permissionPreset });
    await daemonHere(place);
    const { json } = await call(socket, "/runs", { body: { prompt: "#script! say x", model: "zai/glm-5.1" } });
    expect((await ended(socket, json.run_id)).approval_mode).toBe(mode);
    const above = await call(socket, "/runs", { body: { prompt: "x", model: "zai/glm-5.1", approval_mode: "auto" } });
    expect(above.status === 403).toBe(permissionPreset === "strict");
    if (above.status !== 403) await ended(socket, above.json.run_id);
  });

  it("shows no key of the configuration in what a run says", async () => {
    const key = "very-private-key-of-zai";
    const { place, socket } = await placeWith({}, key);
    await daemonHere(place);
    const { json } = await call(socket, "/runs", { body: { prompt: `#script! say the key is ${key}`, model: "zai/glm-5.1" } });
    const record = await ended(socket, json.run_id);
    expect(record.result).toBe("the key is [redacted:providers.zai.apiKey]");
  });

  it.runIf(levels.pidns.available)("starts commands that see no socket of ours, wherever it lies", async () => {
    const { place, socket } = await placeWith();
    const outside = join(dirname(place.home.path), "outside.sock");
    await daemonHere(place, { addr: [socket, outside] });
    const prompt = `#script! sh test -S ${outside} && echo seen; echo looked | say x`;
    const { json } = await call(outside, "/runs", { body: { prompt, model: "zai/glm-5.1", approval_mode: "unrestricted" } });
    await ended(socket, json.run_id);
    const page = await call(socket, `/runs/${json.run_id}/events?limit=50`, { headers: { accept: "application/json" } });
    expect(page.json.events.find(({ type }: { type: string }) => type === "tool.result").payload.output).toBe("looked\n");
  });

  it("ends its call at the model when the daemon shuts down, and says so in the run", async () => {
    const { fake, place, socket } = await placeWith();
    const daemon = await daemonHere(place);
    const { json } = await call(socket, "/runs", { body: { prompt: "#script! slow 10000 10", model: "zai/glm-5.1" } });
    await fake.seen((requests) => requests.length === 1);
    await daemon.close();
    await fake.seen(([request]) => request?.ended === "by-client");
    const again = await daemonHere(place);
    expect((await again.manager.get(json.run_id)).status).toBe("interrupted");
  });

  it("lets go of a thread however its process dies", async () => {
    const { fake, place, socket } = await placeWith();
    const first = daemonProcess(place);
    await first.listens;
    const { json } = await call(socket, "/runs", { body: { prompt: "#script! say One", model: "zai/glm-5.1" } });
    const { session_id } = await ended(socket, json.run_id);
    await call(socket, "/runs", { body: { prompt: "#script! hang", model: "zai/glm-5.1", session_id } });
    await fake.seen((requests) => requests.length === 2);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = daemonProcess(place);
    await second.listens;
    const { json: next } = await call(socket, "/runs", { body: { prompt: "#script! say Two", model: "zai/glm-5.1", session_id } });
    expect(await ended(socket, next.run_id)).toMatchObject({ status: "completed", result: "Two", session_id });
  });
});
