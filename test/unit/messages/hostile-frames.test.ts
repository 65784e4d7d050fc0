import { expect, it } from "vitest";
import type * as z from "zod";
import { isErrorCode } from "../../../lib/errors.js";
import { clientFrames } from "../../../lib/messages/frames.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { hostileTexts } from "../../support/hostile-text.js";
import { openTestMesh } from "../../support/mesh.js";
import { textPlacesOf } from "../../support/text-places.js";

const connect = { type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] };
const reply = { type: "reply", correlation_id: "ask-0000" };

/** The least of each frame beside the text in question. */
const least: Readonly<Record<keyof typeof clientFrames, object>> = {
  connect,
  status: { type: "status", status: "online" },
  update: { type: "update" },
  pong: { type: "pong", nonce: "1" },
  delivery_ack: { type: "delivery_ack", delivery_id: "dlv-0000", status: "failed" },
  reply,
  error: { type: "error", code: "x" },
};
const types = Object.keys(clientFrames) as (keyof typeof clientFrames)[];

/** Whether every text in it is one. */
function isText(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\u0000");
  return typeof value !== "object" || value === null || Object.values(value).every(isText);
}

it.each(types)("Hostile text in any place of a frame %s is taken or refused by a code, and the next frame is read", async (type) => {
  const mesh = await openTestMesh({ manager: { limits: { malformedFrames: 10_000, peers: 10_000 } } });
  const places = textPlacesOf(clientFrames[type] as z.ZodType);
  // The second frame of a socket can be no connect, so that each has a socket of its own.
  const shared = type === "connect" ? undefined : fakeSocket(mesh);
  await shared?.send(connect);
  for (const { member, path, value } of places) {
    const before = shared?.frames.length ?? 0;
    const sockets = await Promise.all(
      Object.values(hostileTexts).map(async (text) => {
        const socket = shared ?? fakeSocket(mesh);
        await socket.send({ ...least[type], [member]: value(text) });
        return socket;
      }),
    );
    const answers = shared ? shared.frames.slice(before) : sockets.flatMap(({ frames }) => frames);
    expect([path, answers.every(isText)]).toEqual([path, true]);
    for (const { code = "internal", detail = "" } of answers.filter((frame) => frame.type === "error" || frame["ok"] === false)) {
      expect([path, code]).toEqual([path, expect.toSatisfy((text) => isErrorCode(text) && text !== "internal")]);
      expect([path, detail]).toEqual([path, expect.stringMatching(/^[^\n\r\0]{0,600}$/)]);
    }
    if (shared) expect([path, shared.closed]).toEqual([path, undefined]);
    else for (const socket of sockets) expect([path, socket.of("connected").length + (socket.closed ? 1 : 0)]).toEqual([path, 1]);
    if (!shared) for (const socket of sockets) socket.leave();
  }
  expect(places.length).toBeGreaterThan(0);
  // It is served as before.
  const socket = fakeSocket(mesh);
  await socket.send({ ...connect, name: "last" });
  await socket.send({ type: "update", description: "well" });
  expect(socket.of("result")).toMatchObject([{ for: "update", ok: true }]);
});
