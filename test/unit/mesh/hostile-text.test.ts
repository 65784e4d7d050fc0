import { describe, expect, it } from "vitest";
import { escapeControls } from "../../../adapters/cli/escape.js";
import { toProblemReply } from "../../../adapters/http/problem.js";
import type { Operation } from "../../../lib/contract/operation.js";
import { AnodeError, invalidRequest, isAnodeError } from "../../../lib/errors.js";
import { parseHeader } from "../../../lib/messages/agent-header.js";
import { agentText } from "../../../lib/messages/agent-text.js";
import type { Message } from "../../../lib/messages/schema.js";
import { toFrame } from "../../../lib/messages/to-frame.js";
import { hostileTexts } from "../../support/hostile-text.js";
import { castOf, type GoodCall, goodCalls, meshOperations } from "../../support/mesh-inputs.js";
import { type MeshRoom, openMeshRoom } from "../../support/mesh-room.js";
import { textPlaces, type TextPlace } from "../../support/text-places.js";

const many = { messageQueue: 1e6, openAsks: 1e6, peers: 1e6, questions: 1e6, streams: 1e6, meshWaits: 1e6 };
/** Names of the same thing, of which a call takes one. */
const oneOf = ["peer_id", "peer_name", "pane_id"];
/** What is read and not kept, or kept as something else. */
const notKept: Readonly<Record<string, string>> = {
  "messages.broadcast exclude.0": "it only says who is left out",
  "messages.send exclude.0": "it only says who is left out",
  "attachments.put filename": "it is the last part of a name, without what acts; see the tests of attachments",
  "session.update turn.final_message": "it is the reply to the ask that the turn worked on, if there is one",
};

interface Tried {
  /** What is wrong with how a text was taken; nothing when all is right. */
  readonly fault?: string | undefined;
  /** The call had its effect. */
  readonly isTaken: boolean;
}

/** Tries one text at one place of a call that is good otherwise. */
async function tried(room: MeshRoom, operation: Operation, { input, details }: GoodCall, place: TextPlace, text: string): Promise<Tried> {
  const isBeside = (name: string): boolean => place.known.includes(name) && !(oneOf.includes(place.member) && oneOf.includes(name));
  const rest = Object.fromEntries(Object.entries(input).filter(([name]) => isBeside(name)));
  room.commits.length = 0;
  const outcome = await room
    .reply(operation.name as never, { ...rest, ...place.beside, [place.member]: ofKind(place.value(text)) }, details)
    .catch((error: unknown) => error);
  if (outcome instanceof Error) return { fault: refusalFault(operation, place, outcome, room), isTaken: false };
  const { body } = outcome as { body: unknown };
  await room.manager.journal.settled();
  const written = room.commits.flatMap(({ puts = [], appends = [] }) => [
    ...puts.map(({ record }) => record),
    ...appends.flatMap(({ events }) => events),
  ]);
  const wrong = [body, ...written].map(faultOfDocument).find((fault) => fault !== undefined);
  const isKept =
    operation.method === "GET" || `${operation.name} ${place.path}` in notKept || holds([body, ...written], text.toWellFormed());
  return { fault: wrong ?? (isKept ? undefined : "is taken and kept nowhere"), isTaken: true };
}

/** A question with options is a choice; without, it takes a text. */
function ofKind(value: unknown): unknown {
  return typeof value === "object" && value !== null && "kind" in value
    ? { ...value, kind: "options" in value ? "choice" : "text" }
    : value;
}

function refusalFault(operation: Operation, { path }: TextPlace, error: Error, room: MeshRoom): string | undefined {
  if (!isAnodeError(error)) return `fails: ${error.stack}`;
  // Whoever asked has left, which is how the held ones are called here.
  if (error.code === "aborted") return undefined;
  const { body, status } = toProblemReply(error, "q-1", room.host);
  const document = JSON.parse(body as string) as { detail: string; issues?: { path: string }[] };
  if (status >= 500 && status !== 503) return `${error.code}: ${error.message}`;
  if (error.message.length > 600 || /[\n\r\u0000-\u0008]/.test(error.message)) return `says ${error.message.slice(0, 1_000)}`;
  if (error.code !== "invalid_request") return operation.codes.includes(error.code) ? undefined : `refuses with the unnamed ${error.code}`;
  const [root = ""] = path.split(".");
  const isNamed = document.issues?.some((issue) => issue.path.startsWith(root)) ?? document.detail.includes(root);
  return isNamed ? undefined : `names another place: ${document.detail}`;
}

/** What is wrong with a document on one of its ways out: to a terminal, to a socket, to an agent. */
function faultOfDocument(document: unknown): string | undefined {
  if (document === undefined) return undefined;
  const json = JSON.stringify(document);
  if (/[\n\r]|\\ud[89a-f]/.test(json)) return `is not well-formed: ${json.slice(0, 200)}`;
  const shown = escapeControls(json);
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/.test(shown)) return "acts on a terminal";
  if (JSON.stringify(JSON.parse(shown)) !== json) return "changes on its way to a terminal";
  const message = document as Message;
  if (message.delivery_id === undefined || message.to_name === undefined || message.kind === undefined) return undefined;
  if (JSON.stringify(toFrame(message, false)).includes("\n")) return "is more than one frame";
  const [first = "", ...lines] = agentText(message).split(/[\n\u2028\u2029]/);
  if (parseHeader(first) === undefined) return `has no header: ${first}`;
  const forged = lines.find((line) => parseHeader(line.replaceAll(/[\p{Cf}\s]/gu, (blank) => (blank === " " ? " " : ""))) !== undefined);
  if (forged !== undefined) return `has a second header: ${forged}`;
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\p{Bidi_Control}]/u.test(lines.join("\n")) ? "acts on an agent's terminal" : undefined;
}

/** Whether a text is anywhere in it, as a value or a name. */
function holds(value: unknown, text: string): boolean {
  if (typeof value === "string") return value.includes(text);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, member]) => name === text || holds(member, text));
}

describe("Hostile text", () => {
  it.each(meshOperations.map((operation) => ({ name: operation.name, operation })))(
    "in $name is refused by its place, or arrives unharmed and does no harm",
    async ({ operation }) => {
      const room = await openMeshRoom(many);
      const cast = await castOf(room);
      const faults: string[] = [];
      let good: GoodCall | undefined;
      for (const place of textPlaces(operation)) {
        for (const [name, text] of Object.entries(hostileTexts)) {
          good ??= await goodCalls[operation.name]?.(room, cast);
          const { fault, isTaken } = good
            ? await tried(room, operation, good, place, text)
            : { fault: "nobody knows a good call", isTaken: false };
          if (fault !== undefined) faults.push(`${place.path}, ${name}: ${fault}`);
          if (isTaken) good = undefined;
        }
      }
      expect(faults).toEqual([]);
      expect(room.host.lines.filter((line) => JSON.stringify(line).includes("internal"))).toEqual([]);
    },
  );

  it("would be found out: a door that loses it, that fails at it, or refuses it by another name", async () => {
    const room = await openMeshRoom();
    const [notify] = meshOperations.filter(({ name }) => name === "messages.notify") as [Operation];
    const [place] = textPlaces(notify).filter(({ path }) => path === "text") as [TextPlace];
    const through = async (reply: MeshRoom["reply"]): Promise<string | undefined> =>
      (await tried({ ...room, reply }, notify, { input: {} }, place, hostileTexts["acting"] ?? "")).fault;
    expect(await through(async () => ({ status: 200, body: {} }))).toBe("is taken and kept nowhere");
    expect(await through(async () => ({ status: 200, body: { text: "a\ud800" } }))).toMatch(/^is not well-formed/);
    expect(await through(() => Promise.reject(new TypeError("no")))).toMatch(/^fails: TypeError/);
    expect(await through(() => Promise.reject(new AnodeError("pane_held", "No.")))).toBe("refuses with the unnamed pane_held");
    const elsewhere = invalidRequest([{ path: "to_peer", code: "required", message: "is required" }]);
    expect(await through(() => Promise.reject(elsewhere))).toMatch(/^names another place/);
  });
});
