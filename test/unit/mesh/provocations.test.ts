import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toProblemReply } from "../../../adapters/http/problem.js";
import type { Operation } from "../../../lib/contract/operation.js";
import { entryOf, type ErrorCode, isAnodeError } from "../../../lib/errors.js";
import { castOf, meshOperations } from "../../support/mesh-inputs.js";
import { type Provocation, provocationOf } from "../../support/mesh-provocations.js";
import { openMeshRoom } from "../../support/mesh-room.js";

const rooms = new Map<string, ReturnType<typeof opened>>();
async function opened(provocation: Provocation) {
  const room = await openMeshRoom({ messageQueue: 10_000, openAsks: 10_000, ...provocation.limits }, provocation.alone);
  return { room, cast: await castOf(room) };
}

/** A room of its own where bounds are asked for, and the common one otherwise. */
function roomFor(operation: Operation, provocation: Provocation) {
  const key = provocation.limits || provocation.alone ? `${operation.name} ${JSON.stringify(provocation.limits)}` : "";
  const room = rooms.get(key) ?? opened(provocation);
  rooms.set(key, room);
  return room;
}

/** What is wrong with how the operation refuses; nothing when all is right. */
async function faultOf(operation: Operation, code: ErrorCode, provocation: Provocation | undefined): Promise<string | undefined> {
  if (!provocation) return "nobody knows how it is brought about";
  const { room, cast } = await roomFor(operation, provocation);
  const { input, details } = await provocation.make(room, cast, operation);
  const answered = room.reply(operation.name as never, withoutAbsent(input), details).then(
    ({ status }) => `answers ${status}`,
    (error: unknown) => error,
  );
  const outcome = await withinSomeTurns(answered);
  await provocation.after?.(room);
  if (typeof outcome === "string") return outcome;
  if (!isAnodeError(outcome)) return `fails: ${outcome instanceof Error ? outcome.stack : String(outcome)}`;
  const { status, headers, body } = toProblemReply(outcome, "q-1", room.host);
  const document = JSON.parse(body as string) as Record<string, unknown>;
  if (document["code"] !== code) return `answers ${String(document["code"])}: ${String(document["detail"])}`;
  if (status !== (provocation.status ?? entryOf(code).status)) return `has the status ${status}`;
  const missing = provocation.members?.filter((member) => document[member] === undefined) ?? [];
  if (missing.length > 0) return `lacks ${missing.join(", ")}`;
  const isOneSentence = /^[^\n]{4,400}$/.test(String(document["detail"]));
  if (!isOneSentence || document["request_id"] !== "q-1") return `says ${JSON.stringify(document)}`;
  const isToWait = outcome.retryable && (status === 429 || status === 503);
  return isToWait && headers["Retry-After"] === undefined ? "does not say when to try again" : undefined;
}

/** What it resolves to within as many turns of the loop as no refusal takes. */
async function withinSomeTurns(answered: Promise<unknown>): Promise<unknown> {
  let outcome: unknown;
  void answered.then((value) => (outcome = value));
  for (let turn = 0; turn < 50 && outcome === undefined; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return outcome ?? "does not answer";
}

function withoutAbsent(input: object): object {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/** Codes of the catalogue that no operation of the mesh names, and why. */
const unnamed: Readonly<Record<string, string>> = {
  asks_open: "of the restart of a peer's session, which is not served",
};

/** The codes of a part of the catalogue, by the comments that divide it. */
function catalogued(part: string): string[] {
  const source = readFileSync(new URL("../../../lib/errors.ts", import.meta.url), "utf8");
  const [, section = ""] = source.split(`  // ${part}\n`);
  return [...(section.split("\n  // ")[0] ?? "").matchAll(/^ {2}(\w+): \{/gm)].map(([, code = ""]) => code);
}

describe("Every refusal that the contract names of the mesh", () => {
  it.each(meshOperations.map((operation) => ({ name: operation.name, operation })))(
    "$name: each of its codes is brought about, with its status and its members",
    async ({ operation }) => {
      const faults: string[] = [];
      for (const code of operation.codes) {
        const fault = await faultOf(operation, code, provocationOf(operation, code));
        if (fault !== undefined) faults.push(`${code}: ${fault}`);
      }
      expect(faults).toEqual([]);
    },
  );

  it("is in the catalogue's parts for questions and the mesh, which have no other codes", () => {
    const named = new Set<string>(meshOperations.flatMap(({ codes }) => codes));
    const listed = [...catalogued("Questions"), ...catalogued("Mesh")];
    expect(listed.length).toBeGreaterThan(40);
    expect(listed.filter((code) => !named.has(code))).toEqual(Object.keys(unnamed));
  });

  it("would be found if it could not be brought about, or came with another status or without a member", async () => {
    const [get] = meshOperations.filter(({ name }) => name === "peers.get") as [Operation];
    expect(await faultOf(get, "injection_failed", provocationOf(get, "injection_failed"))).toBe("nobody knows how it is brought about");
    const twin = provocationOf(get, "ambiguous_peer") as Provocation;
    expect(await faultOf(get, "peer_not_found", twin)).toMatch(/^answers ambiguous_peer/);
    expect(await faultOf(get, "ambiguous_peer", { ...twin, status: 422 })).toBe("has the status 409");
    expect(await faultOf(get, "ambiguous_peer", { ...twin, members: ["holder"] })).toBe("lacks holder");
    expect(await faultOf(get, "ambiguous_peer", { make: () => ({ input: { id: "worker" } }) })).toBe("answers 200");
  });
});
