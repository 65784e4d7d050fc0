import { afterAll, describe, expect, it } from "vitest";
import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import { operationSchemas } from "../../lib/contract/schemas.js";
import { z } from "zod";
import { contentTypeCorpus } from "./corpus/content-types.js";
import { hostCorpus } from "./corpus/hosts.js";
import { jsonBombs, jsonCorpus } from "./corpus/json.js";
import { originCorpus } from "./corpus/origins.js";
import { pathCorpus, randomPath, stateFolderPaths } from "./corpus/paths.js";
import { isPolluted, pollutionMembers, pollutionQueries } from "./corpus/pollution.js";
import { stringCorpus } from "./corpus/strings.js";
import { type Answered, createCaller } from "./support/caller.js";
import { codeOf, type ContractSubject, contractSubject, faultOf, leastBody, requestBytes } from "./support/contract-subject.js";
import { isLong, randomOf, sampled, trials } from "./support/trials.js";

let sent = 0;
afterAll(() => {
  console.log(`${sent} hostile requests`);
  if (isLong) expect(sent).toBeGreaterThanOrEqual(10_000);
});

const { random } = randomOf("hostile requests");
const withBody = operations.filter((operation) => operation.body === "json");
// A passing request of this method gives a head; its stream is left there.
const isStream = (operation: Operation): boolean => operation.reply === "stream" || operation.reply === "held";

type Attack = Omit<Parameters<typeof requestBytes>[1], "method" | "target"> & {
  readonly name: string;
  readonly target?: string;
  /** The codes that may come, `passes` among them. */
  readonly codes: readonly string[];
};

/** Makes every attack on every operation; answers what went wrong. Refused requests must have changed nothing. */
async function attacked(
  subject: ContractSubject,
  rows: readonly Operation[],
  attacksOn: (operation: Operation) => readonly Attack[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of rows) {
    for (const attack of attacksOn(operation)) {
      const before = await subject.records();
      const answer = await sendTo(subject, operation, attack);
      const fault = typeof answer === "string" ? answer : faultOf(answer);
      const code = typeof answer === "string" ? answer : (codeOf(answer) ?? "passes");
      const expected = attack.codes.includes(code) || (attack.codes.includes("passes") && !gateRefusals.has(code));
      if (fault ?? !expected) wrong.push(`${operation.name}, ${attack.name}: ${fault ?? code}`);
      if (code !== "passes" && (await subject.records()) !== before) wrong.push(`${operation.name}, ${attack.name}: changed a record`);
      await subject.assertHealthy();
    }
  }
  return wrong;
}

// What must not come when an attack is none: the operation itself may still have its reasons.
const gateRefusals = new Set([
  "host_not_allowed",
  "origin_not_allowed",
  "unsupported_media_type",
  "invalid_json",
  "invalid_target",
  "malformed_request",
]);

async function sendTo(subject: ContractSubject, operation: Operation, attack: Attack): Promise<Answered | string> {
  sent += 1;
  const bytes = requestBytes(subject, {
    method: operation.method,
    target: attack.target ?? subject.pathOf(operation),
    ...leastBody(operation),
    ...attack,
  });
  try {
    return await subject.caller.send(bytes, isStream(operation) ? "head" : "whole");
  } catch (error) {
    return `no reply: ${(error as Error).message}`;
  }
}

const named = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? "nothing";

describe("every operation of the contract", () => {
  it("refuses every Host but its own", async () => {
    const subject = await contractSubject();
    const rows = hostCorpus(subject.port);
    // The parser takes the blanks around a value away, and refuses a NUL before the gate sees it.
    const passing = new Set(rows.filter(([, passes]) => passes).map(([values]) => values[0]?.toLowerCase()));
    const attacks = (): Attack[] =>
      sampled(rows, 12, random).map(([hosts]) => {
        const passes = hosts.length === 1 && passing.has(hosts[0]?.trim().toLowerCase());
        return { name: named(hosts), hosts, codes: passes ? ["passes"] : ["host_not_allowed", "malformed_request"] };
      });
    expect(await attacked(subject, operations, attacks)).toEqual([]);
  });

  it("refuses pages of other origins, and never tells a browser that they may read", async () => {
    const subject = await contractSubject();
    const leaks: string[] = [];
    const attacks = (): Attack[] =>
      sampled(originCorpus(subject.port), 10, random).map(([headers, passes]) => ({
        name: named(headers),
        headers,
        codes: [passes ? "passes" : "origin_not_allowed"],
      }));
    expect(await attacked(subject, operations, attacks)).toEqual([]);
    for (const [headers, passes] of originCorpus(subject.port)) {
      if (passes) continue;
      sent += 1;
      const preflight = requestBytes(subject, {
        method: "OPTIONS",
        target: "/runs",
        headers: [...headers, "Access-Control-Request-Method", "POST"],
      });
      const answer = await subject.caller.send(preflight);
      if (answer.status !== 403 || [...answer.headers.keys()].some((name) => name.startsWith("access-control"))) leaks.push(named(headers));
    }
    expect(leaks).toEqual([]);
  });

  it("takes JSON only when it is called JSON", async () => {
    const subject = await contractSubject();
    const attacks = (): Attack[] =>
      sampled(contentTypeCorpus, 16, random).map(([types, passes]) => ({
        name: named(types),
        types,
        body: "{}",
        codes: passes ? ["passes"] : ["unsupported_media_type", ...(types[0]?.includes("\0") ? ["malformed_request"] : [])],
      }));
    expect(await attacked(subject, withBody, attacks)).toEqual([]);
  });

  it("takes no coded body, however often it is coded", async () => {
    const subject = await contractSubject();
    const codings = ["gzip", "deflate", "br", "zstd", "compress", "x", "", "gzip, ".repeat(1_000), "identity, gzip", "Gzip"];
    const attacks = (): Attack[] =>
      codings.map((coding) => ({ name: coding.slice(0, 20), headers: ["Content-Encoding", coding], codes: ["unsupported_media_type"] }));
    expect(await attacked(subject, operations, attacks)).toEqual([]);
  });

  it("refuses targets of more than one meaning, in place of its own and in place of its parameters", async () => {
    const subject = await contractSubject();
    const attacks = (operation: Operation): Attack[] => {
      const whole = sampled(pathCorpus, 12, random).map(([target, code]) => ({ target, code }));
      const inside = sampled(pathCorpus, 6, random)
        .filter(([target]) => operation.path.includes("{") && target !== "" && target.length < 100)
        .map(([target, code]) => ({ target: operation.path.replaceAll(/\/\{\w+\}/g, target), code }));
      return [...whole, ...inside].map(({ target, code }) => ({
        name: named(target.slice(0, 60)),
        target,
        // Over the wire blanks and line ends belong to the request line; what is well-formed may name nothing.
        codes: [
          ...[code, "malformed_request", "http_version", "not_found", "invalid_target", "method_not_allowed", ...operation.codes],
          // What is no JSON at the place of an operation that takes JSON.
          ...(operation.body === "json" ? [] : ["unsupported_media_type"]),
        ],
      }));
    };
    // Targets of operations that delete are left to refusals: what passes there may have an effect.
    expect(
      await attacked(
        subject,
        operations.filter(({ method }) => method !== "DELETE"),
        attacks,
      ),
    ).toEqual([]);
  });

  it("serves no file, whatever the spelling, and answers random targets", async () => {
    const subject = await contractSubject();
    const get = (target: string): Attack => ({
      name: named(target),
      target,
      codes: ["not_found", "invalid_target", "method_not_allowed", "token_in_url"],
    });
    const state = stateFolderPaths(subject.daemon.home.path).map(get);
    const generated = Array.from({ length: trials(150, 3_000) }, () => ({
      ...get(randomPath(random)),
      codes: ["passes", "malformed_request", "invalid_target"],
    }));
    const [row] = operations.filter(({ name }) => name === "runs.list");
    expect(await attacked(subject, row ? [row] : [], () => [...state, ...generated])).toEqual([]);
  });

  it("takes one JSON object and nothing else", async () => {
    const subject = await contractSubject();
    const attacks = ({ limit_bytes }: Operation): Attack[] =>
      sampled([...jsonCorpus, ...jsonBombs], 30, random).map(([name, body, code]) => {
        const tooLarge = Buffer.byteLength(body as string) > limit_bytes;
        return { name, body, codes: tooLarge ? ["body_too_large"] : [code, ...(code === "passes" ? ["invalid_request"] : [])] };
      });
    expect(await attacked(subject, withBody, attacks)).toEqual([]);
  });

  it("answers alike over TCP and over the Unix socket", async () => {
    const subject = await contractSubject();
    const unix = createCaller(subject.daemon.home.socket);
    const unlike: string[] = [];
    for (const { method, name, path } of withBody) {
      for (const [title, body] of sampled([...jsonCorpus, ...jsonBombs], 12, random)) {
        // Of things that are not there, so that the first answer changes nothing for the second.
        const target = path.replaceAll(/\{\w+\}/g, "R-1760000000000000000_1");
        const bytes = requestBytes(subject, { method, target, body });
        sent += 2;
        const [one, other] = [await subject.caller.send(bytes), await unix.send(bytes)];
        if (one.status !== other.status || codeOf(one) !== codeOf(other)) unlike.push(`${name}, ${title}: ${one.status}, ${other.status}`);
      }
    }
    expect(unlike).toEqual([]);
  });

  it("lets nobody reach a prototype by body, query or header", async () => {
    const subject = await contractSubject();
    const headers = ["__proto__", "x", "constructor", "x", "X-__proto__", "x"];
    const attacks = (operation: Operation): Attack[] => [
      ...(operation.body === "json" ? pollutionMembers : []).map((member) => ({
        name: member,
        body: `{${member}}`,
        codes: [
          /proto(?:__|\\u005f)/.test(member) ? "invalid_json" : "invalid_request",
          // An open record may hold any other name, and then the operation decides.
          ...(member.startsWith('"metadata"') ? operation.codes : []),
        ],
      })),
      ...pollutionQueries.map((query) => ({
        name: query,
        target: `${subject.pathOf(operation)}?${query}`,
        codes: ["invalid_request", ...(operation.name === "runs.events" ? ["invalid_cursor"] : [])],
      })),
      { name: "headers", headers, codes: ["passes"] },
    ];
    const rows = isLong ? operations : sampled(operations, 8, random);
    expect(await attacked(subject, rows, attacks)).toEqual([]);
    expect(isPolluted()).toBe(false);
  });

  it("takes or refuses by name any text in any text field", async () => {
    const subject = await contractSubject();
    const wrong: string[] = [];
    for (const { operation, place, request } of textFields(subject)) {
      for (const text of sampled(stringCorpus, 12, random)) {
        sent += 1;
        const answer = await subject.caller
          .send(requestBytes(subject, request(text)), isStream(operation) ? "head" : "whole")
          .catch(String);
        const fault = typeof answer === "string" ? answer : faultOf(answer, operation);
        if (fault) wrong.push(`${operation.name} ${place} ${named(text)}: ${fault}`);
        await subject.assertHealthy();
      }
    }
    expect(wrong).toEqual([]);
  });

  it("would be found out: a door that believes every Host, or that fails, does not pass", async () => {
    const subject = await contractSubject();
    const answered = (status: number, code: string): Answered => ({
      status,
      headers: new Map([
        ["x-content-type-options", "nosniff"],
        ["content-type", "application/problem+json"],
      ]),
      body: JSON.stringify({ code }),
    });
    const believing = { ...subject, caller: { send: async () => answered(404, "not_found") } };
    const failing = { ...subject, caller: { send: async () => answered(500, "internal") } };
    const evil = (): Attack[] => [{ name: "evil", hosts: ["evil.example"], codes: ["host_not_allowed"] }];
    expect(await attacked(believing, operations, evil)).toHaveLength(operations.length);
    expect(await attacked(failing, operations, evil)).toHaveLength(operations.length);
  });
});

interface TextField {
  readonly operation: Operation;
  readonly place: string;
  request(text: string): Parameters<typeof requestBytes>[1];
}

// What an operation needs beside the field in question.
const base: Readonly<Record<string, object>> = {
  "runs.start": { prompt: "x" },
  "tokens.create": { label: "x", scopes: ["read"] },
  "runs.input": { text: "x" },
  "asks.ask": { to_peer: "nobody", text: "x" },
  "asks.askMany": { to_peers: ["nobody"], text: "x" },
  "messages.notify": { to_peer: "nobody", text: "x" },
};

/** Every place of the contract where a caller may put free text, drawn from the schemas. */
function textFields(subject: ContractSubject): TextField[] {
  return operations.flatMap((operation): TextField[] => {
    const schema = z.toJSONSchema(operationSchemas[operation.name as keyof typeof operationSchemas].input, {
      io: "input",
      unrepresentable: "any",
    });
    const { method, path } = operation;
    const members = Object.entries((schema.properties ?? {}) as Record<string, Member>).filter(
      ([, member]) => valueWith(member, "") !== undefined,
    );
    return members.map(([name, member]): TextField => {
      const request = (text: string): Parameters<typeof requestBytes>[1] => {
        const inPath = path.replace(`{${name}}`, encodeURIComponent(text.toWellFormed()));
        if (inPath !== path) return { method, target: subject.pathOf({ ...operation, path: inPath }) };
        if (operation.body !== "json")
          return { method, target: `${subject.pathOf(operation)}?${name}=${encodeURIComponent(text.toWellFormed())}` };
        return {
          method,
          target: subject.pathOf(operation),
          body: JSON.stringify({ ...base[operation.name], [name]: valueWith(member, text) }),
        };
      };
      return { operation, place: name, request };
    });
  });
}

interface Member {
  readonly type?: string;
  readonly enum?: unknown;
  readonly anyOf?: readonly Member[];
  readonly items?: Member;
  readonly additionalProperties?: Member | boolean;
}

/** A value of this shape that holds the text; `undefined` where there is no room for free text. */
function valueWith(member: Member, text: string): unknown {
  if (member.type === "string") return member.enum ? undefined : text;
  if (member.type === "array" && member.items && valueWith(member.items, text) !== undefined) return [valueWith(member.items, text)];
  if (member.type === "object" && typeof member.additionalProperties === "object") return { [text || "x"]: text };
  return member.anyOf?.map((one) => valueWith(one, text)).find((value) => value !== undefined);
}
