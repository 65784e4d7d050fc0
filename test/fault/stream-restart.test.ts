import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { call, daemonPlace, daemonProcess, eventually, type DaemonProcess } from "../support/daemon.js";
import { type Part, readPart } from "./support/stream-server.js";
import { integerOf, randomOf, trials } from "./support/trials.js";

interface Event {
  readonly id: string;
  readonly data: string;
}

function eventsIn(body: Buffer): Event[] {
  const events: Event[] = [];
  createParser({ onEvent: ({ id = "none", data }) => events.push({ id, data }) }).feed(body.toString());
  return events;
}

describe("a reader of a daemon that is killed by force while a run talks", () => {
  it("goes on by its last id after the restart: what it saw is what the log has, once and in order", async () => {
    const { random } = randomOf("restarts");
    for (let kill = 0; kill < trials(1, 40); kill += 1) {
      const place = daemonPlace();
      let daemon: DaemonProcess = daemonProcess(place);
      await daemon.listens;
      const { socket } = place.home;
      const script = "i=0; while :; do echo line $i; i=$((i + 1)); sleep 0.002; done";
      const started = await call(socket, "/runs", { body: { argv: ["/bin/sh", "-c", script] } });
      const target = `/runs/${started.json.run_id}/events`;
      const seen: Event[] = [];
      const killAt = 20 + integerOf(random, 30);
      for (let isKilled = false; ; ) {
        const part: Part = await readPart(socket, target, `Last-Event-ID: ${seen.at(-1)?.id ?? 0}\r\n`, 1 + integerOf(random, 4_000));
        if (part.status === 204) break;
        seen.push(...eventsIn(part.body));
        if (isKilled || seen.length < killAt) continue;
        isKilled = true;
        // In the middle of what the reader has not seen yet.
        daemon.child.kill("SIGKILL");
        await daemon.ended;
        daemon = daemonProcess(place);
        await daemon.listens;
      }
      const whole = await eventually(() => readPart(socket, target, ""));
      expect(seen).toEqual(eventsIn(whole.body));
      expect(seen.map(({ id }) => id)).toEqual(seen.map((_, at) => String(at + 1)));
      expect(seen.filter(({ data }) => data.includes('"type":"run.interrupted"'))).toEqual([seen.at(-1)]);
    }
  });
});
