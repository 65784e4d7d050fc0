import { describe, expect } from "vitest";
import { newUser, scriptedDaemon, type User } from "../support/program.js";
import { verifiesWith } from "./verifies.js";

const seedBody = `{
  "prompt": "summarize this repository",
  "profile": "craft",
  "model": "anthropic/claude-sonnet-4-6",
  "max_turns": 20,
  "approval_mode": "auto",
  "run_label": "summary"
}`;

/** The documented lines, word for word, but for the port that the kernel chose. */
async function curls(): Promise<{ user: User; curl: (...words: string[]) => Promise<string>; start: (body?: string) => Promise<string> }> {
  const user = newUser();
  const daemon = await scriptedDaemon(user);
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const curl = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await user.run("curl", ...words.map((word) => word.replace("http://127.0.0.1:7433", url)));
    expect([code, err]).toEqual([0, ""]);
    return out;
  };
  const start = async (body = seedBody): Promise<string> =>
    JSON.parse(await curl("-sS", "-X", "POST", "http://127.0.0.1:7433/runs", "-H", "Content-Type: application/json", "-d", body)).run_id;
  return { user, curl, start };
}

describe("the documented curl lines", () => {
  verifiesWith("anode.health", "curl", async () => {
    const { curl } = await curls();
    expect(JSON.parse(await curl("-sS", "http://127.0.0.1:7433/health"))).toMatchObject({ status: "ok", active_runs: 0 });
  });

  verifiesWith("anode.runs.start", "curl", async () => {
    const { curl } = await curls();
    const reply = await curl("-sS", "-X", "POST", "http://127.0.0.1:7433/runs", "-H", "Content-Type: application/json", "-d", seedBody);
    expect(reply).toMatch(/^\{"run_id":"R-\d{19}_\d+"\}$/);
  });

  verifiesWith("anode.runs.start.seed-body", "curl", async () => {
    const { curl, start } = await curls();
    const id = await start();
    expect(JSON.parse(await curl("-sS", `http://127.0.0.1:7433/runs/${id}`))).toMatchObject({
      id,
      profile: "craft",
      prompt: "summarize this repository",
      model: "anthropic/claude-sonnet-4-6",
      max_turns: 20,
      approval_mode: "auto",
      label: "summary",
    });
  });

  verifiesWith("anode.runs.start.stock", "curl", async () => {
    const user = newUser();
    expect(await user.anode("daemon", "--detach")).toMatchObject({ code: 0 });
    const socket = `${user.home}/daemon.sock`;
    const words = [
      "-sS",
      "-X",
      "POST",
      "http://localhost/runs",
      "--unix-socket",
      socket,
      "-H",
      "Content-Type: application/json",
      "-d",
      seedBody,
    ];
    expect(JSON.parse((await user.run("curl", ...words)).out)).toMatchObject({
      status: 422,
      code: "model_unavailable",
      hint: expect.stringContaining("ANTHROPIC_API_KEY"),
    });
    expect(JSON.parse((await user.run("curl", "-sS", "--unix-socket", socket, "http://localhost/runs")).out)).toEqual({ runs: [] });
  });

  verifiesWith("anode.runs.list", "curl", async () => {
    const { curl, start } = await curls();
    const ids = [await start(), await start()];
    const { runs } = JSON.parse(await curl("-sS", "http://127.0.0.1:7433/runs"));
    expect(runs.map((run: { id: string }) => run.id)).toEqual(ids.reverse());
  });

  verifiesWith("anode.runs.events", "curl", async () => {
    const { curl, start } = await curls();
    const id = await start('{"prompt":"x","profile":"hang"}');
    const streaming = curl("-N", "-sS", `http://127.0.0.1:7433/runs/${id}/events`);
    await curl("-sS", "-X", "DELETE", `http://127.0.0.1:7433/runs/${id}`);
    const types = [...(await streaming).matchAll(/"type":"(run\.\w+)"/g)].map((match) => match[1]);
    expect(types).toEqual(["run.queued", "run.started", "run.cancel_requested", "run.canceled"]);
  });

  verifiesWith("anode.runs.events.sse", "curl", async () => {
    const { curl, start } = await curls();
    const id = await start();
    const stream = await curl("-N", "-sS", `http://127.0.0.1:7433/runs/${id}/events`);
    const blocks = stream.trimEnd().split("\n\n");
    expect(blocks[0]).toBe("retry: 1000");
    for (const [index, block] of blocks.slice(1).entries()) {
      const [first, second, ...more] = block.split("\n");
      expect([first, more]).toEqual([`id: ${index + 1}`, []]);
      expect(JSON.parse((second ?? "").slice("data: ".length))).toMatchObject({ seq: index + 1, run_id: id });
    }
  });

  verifiesWith("anode.runs.cancel", "curl", async () => {
    const { curl, start } = await curls();
    const id = await start('{"prompt":"x","profile":"hang"}');
    expect(await curl("-sS", "-X", "DELETE", `http://127.0.0.1:7433/runs/${id}`)).toBe('{"status":"canceled"}');
  });
});
