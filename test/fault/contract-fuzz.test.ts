import fc from "fast-check";
import { z } from "zod";
import { describe, expect, it } from "vitest";
import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import { type OperationName, operationSchemas } from "../../lib/contract/schemas.js";
import type { Answered } from "./support/caller.js";
import { codeOf, type ContractSubject, contractSubject, faultOf, leastBody, requestBytes } from "./support/contract-subject.js";
import { randomOf, trials } from "./support/trials.js";

/** A schema as the contract's document shows it. */
interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

type Input = Record<string, unknown>;

const shapeOf = (name: string): Shape =>
  z.toJSONSchema(operationSchemas[name as OperationName].input, { io: "input", unrepresentable: "any" }) as Shape;

/** Values that fit a shape. */
function fitting(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.const !== undefined) return fc.constant(shape.const);
  if (shape.enum) return fc.constantFrom(...shape.enum);
  // A shape with both is a number or flag that may also come as the text of a query.
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices && !shape.type) return fc.oneof(...choices.map(fitting));
  switch (shape.type) {
    case "integer":
      return fc.integer({ min: Math.max(shape.minimum ?? 0, -1e9), max: Math.min(shape.maximum ?? 1e9, 1e9) });
    case "number":
      return fc.double({ min: shape.exclusiveMinimum === undefined ? 0 : 1e-6, max: 1e6, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(fitting(shape.items ?? {}), { minLength: shape.minItems ?? 0, maxLength: Math.min(shape.maxItems ?? 4, 4) });
    case "object":
      return fittingObject(shape);
    default: {
      if (shape.pattern !== undefined) return fc.stringMatching(new RegExp(shape.pattern));
      return fc.string({ unit: "grapheme", minLength: shape.minLength ?? 0, maxLength: Math.min(shape.maxLength ?? 40, 20) });
    }
  }
}

function fittingObject({ properties, required = [], additionalProperties }: Shape): fc.Arbitrary<unknown> {
  if (properties) {
    const members = Object.fromEntries(Object.entries(properties).map(([name, shape]) => [name, fitting(shape)]));
    return fc.record(members, { requiredKeys: [...required] });
  }
  const values = typeof additionalProperties === "object" ? fitting(additionalProperties) : fc.string();
  return fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/), values, { maxKeys: 4 });
}

/** What a schema's document cannot say of an operation's input; every field not named here is drawn from its shape alone. */
function rulesOf({ cwd, ids }: ContractSubject, seed: number): Readonly<Record<string, (input: Input) => Input>> {
  const line = fc.stringMatching(/^[a-zA-Z]{1,20}$/);
  let drawn = 0;
  const draw = <Value>(from: fc.Arbitrary<Value>): Value => fc.sample(from, { numRuns: 1, seed: seed + drawn++ })[0] as Value;
  const without = (input: Input, ...names: string[]): Input =>
    Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
  const spoken = (input: Input): Input => ({
    ...without(input, "attachments"),
    ...Object.fromEntries(["text", "message"].filter((name) => input[name] !== undefined).map((name) => [name, draw(line)])),
  });
  const seen = (input: Input): Input => ({
    ...without(input, "tail", "circle", "types", "follow"),
    ...(input["after"] !== undefined && { after: draw(fc.nat(3)) }),
  });
  return {
    "runs.start": (input) => ({
      ...without(input, "command", "argv", "shell", "env", "stdin", "pty", "parent_id", "cancel_policy", "keep_open"),
      prompt: draw(line),
      ...(input["cwd"] !== undefined && { cwd }),
      ...(input["run_label"] !== undefined && { run_label: draw(line) }),
      ...(input["profile"] !== undefined && { profile: draw(fc.constantFrom("", "craft")) }),
    }),
    "runs.list": (input) => ({
      ...input,
      ...(input["cursor"] !== undefined && { cursor: draw(fc.constantFrom("c1", "c1f")) }),
      ...(input["status"] !== undefined && { status: draw(fc.constantFrom("active", ["running", "failed"], "queued,waiting")) }),
      ...(input["origin"] !== undefined && { origin: draw(fc.constantFrom("request", ["job", "schedule"])) }),
    }),
    "questions.list": (input) => ({
      ...without(input, "run_id"),
      ...(input["cursor"] !== undefined && { cursor: draw(fc.constantFrom("c1", "c1f")) }),
      ...((input["run_id"] !== undefined || input["tree"] !== undefined) && { run_id: ids.running }),
    }),
    "questions.answer": () => ({ correlation_id: ids.question, text: draw(line) }),
    "questions.askBlocking": (input) => ({
      ...without(input, "from_peer", "default_answer", "correlation_id"),
      kind: "choice",
      options: [{ id: "deny", title: draw(line) }],
      timeout_ms: 1,
    }),
    "attachments.list": (input) => ({ ...input, ...(input["cursor"] !== undefined && { cursor: draw(fc.constantFrom("c1", "c1f")) }) }),
    // Of the two spellings of a name one can be given.
    "peers.register": (input) => ({
      ...without(input, "run_id", "peer_id", "agent", ...(input["display_name"] === undefined ? [] : ["name"])),
      backend: "codex",
    }),
    "asks.ask": spoken,
    "asks.askMany": spoken,
    "asks.ack": spoken,
    "asks.decline": spoken,
    "messages.notify": spoken,
    "messages.broadcast": spoken,
    "messages.send": spoken,
    "asks.pending": (input) => ({ ...without(input, "pane_id"), peer_id: "human" }),
    "deliveries.pending": (input) => ({ ...without(input, "pane_id"), peer_id: "human" }),
    "session.update": (input) => ({ ...without(input, "peer_id", "pane_id"), peer_name: draw(line), model: draw(line) }),
    "events.list": seen,
    "events.stream": seen,
    "runs.events": (input) => ({ ...input, ...(input["after"] !== undefined && { after: draw(fc.nat(3)) }) }),
    "runs.input": (input) => ({ ...input, text: draw(line) }),
    "runs.answer": () => ({ text: draw(line) }),
    "runs.prune": (input) => ({
      ...input,
      older_than_ms: 1e9,
      ...(input["status"] !== undefined && { status: draw(fc.constantFrom("failed", ["completed", "failed"])) }),
    }),
    "tokens.create": (input) => ({ ...without(input, "run_id"), ...(input["run_id"] !== undefined && { run_id: ids.running }) }),
  };
}

/** An input as a request: what the path names into the path, the rest into the body or the query. */
function toRequest(subject: ContractSubject, operation: Operation, input: Input): Parameters<typeof requestBytes>[1] {
  const inPath = new Set([...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  const members = Object.entries(input).filter(([name]) => !inPath.has(name));
  const target = subject.pathOf(operation);
  const headers = operation.reply === "stream" ? ["Accept", "application/json"] : [];
  const { method } = operation;
  if (operation.body === "json") return { method, target, headers, body: JSON.stringify(Object.fromEntries(members)) };
  const query = members.flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, textOf(one)]));
  const whole = query.length === 0 ? target : `${target}?${new URLSearchParams(query).toString()}`;
  return { method, target: whole, headers, ...leastBody(operation) };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value)).toWellFormed().replaceAll("\0", "");

/** What breaks the contract in the answer to input that is right. */
function wrongWithRight(operation: Operation, answer: Answered): string | undefined {
  const fault = faultOf(answer, operation);
  if (fault) return fault;
  const code = codeOf(answer);
  if (code !== undefined) return operation.codes.includes(code as never) ? undefined : `refused with ${code}: ${answer.body.slice(0, 300)}`;
  if (answer.status !== operation.success) return `status ${answer.status}`;
  if (operation.reply === "bytes") return answer.headers.get("content-disposition") ? undefined : "bytes of which nothing is said";
  const parsed = operationSchemas[operation.name as OperationName].output.safeParse(JSON.parse(answer.body));
  return parsed.success ? undefined : `answer of another shape: ${parsed.error.message.slice(0, 300)}`;
}

/** Values that do not fit a shape, as a body or a query may hold them. */
function unfitting(shape: Shape, inQuery: boolean): unknown[] {
  const { type, anyOf, minimum, maximum, maxLength, minLength } = shape;
  if (anyOf && !type) return anyOf.every((one) => one.type !== undefined) && !inQuery ? [null, {}] : [];
  const over = maxLength === undefined ? [] : ["x".repeat(maxLength + 1)];
  const under = minLength !== undefined && minLength > 0 ? [""] : [];
  const range = [...(minimum === undefined ? [] : [minimum - 1]), ...(maximum !== undefined && maximum < 1e15 ? [maximum + 1] : [])];
  if (shape.enum) return inQuery ? ["no-such"] : ["no-such", 5, null];
  switch (type) {
    case "integer":
      return [1.5, "x", "", ...range, ...(inQuery ? [] : [null, {}, []])];
    case "boolean":
      return ["maybe", "", ...(inQuery ? [] : [2, null, {}])];
    case "string":
      return [...over, ...under, ...(inQuery ? [] : [5, null, {}, []])];
    case "number":
      return ["x", null, -1];
    case "array":
      return inQuery ? ["no-such"] : [5, null, {}, [{}]];
    case "object":
      return [5, null, [], "x"];
    default:
      return [];
  }
}

/** Inputs that are wrong in one field each. */
function mutated(shape: Shape, input: Input, operation: Operation): [title: string, input: Input][] {
  const inPath = new Set([...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  const fields = Object.entries(shape.properties ?? {}).filter(([name]) => !inPath.has(name));
  const wrong = fields.flatMap(([name, field]) =>
    unfitting(field, operation.body !== "json").map((value): [string, Input] => [
      `${name} = ${JSON.stringify(value).slice(0, 40)}`,
      { ...input, [name]: value },
    ]),
  );
  const absent = (shape.required ?? [])
    .filter((name) => !inPath.has(name))
    .map((name): [string, Input] => [`${name} absent`, Object.fromEntries(Object.entries(input).filter(([other]) => other !== name))]);
  return [...wrong, ...absent, ["an unknown field", { ...input, no_such_field: "x" }]];
}

describe("the contract", () => {
  it("takes what its schemas take, and answers what they say", async () => {
    const subject = await contractSubject();
    const { seed } = randomOf("right inputs");
    const wrong: string[] = [];
    let count = 0;
    for (const operation of operations) {
      const rule = rulesOf(subject, seed)[operation.name] ?? ((input: Input) => input);
      for (const drawn of fc.sample(fitting(shapeOf(operation.name)), { numRuns: trials(15, 200), seed })) {
        const input = rule(drawn as Input);
        const answer = await subject.caller.send(requestBytes(subject, toRequest(subject, operation, input)));
        count += 1;
        const fault = wrongWithRight(operation, answer);
        if (fault) wrong.push(`${operation.name} ${JSON.stringify(input).slice(0, 200)}: ${fault}`);
      }
    }
    expect(wrong).toEqual([]);
    console.log(`${count} right inputs, seed ${seed}`);
  });

  it("refuses input that is wrong in one field with a problem that names it, and changes nothing", async () => {
    const subject = await contractSubject();
    const { seed } = randomOf("wrong inputs");
    const wrong: string[] = [];
    let count = 0;
    for (const operation of operations) {
      const shape = shapeOf(operation.name);
      const rule = rulesOf(subject, seed)[operation.name] ?? ((input: Input) => input);
      const bases = fc.sample(fitting(shape), { numRuns: trials(1, 10), seed }).map((drawn) => rule(drawn as Input));
      for (const [title, input] of bases.flatMap((base) => mutated(shape, base, operation))) {
        const before = await subject.records();
        const answer = await subject.caller.send(requestBytes(subject, toRequest(subject, operation, input)));
        count += 1;
        const fault = faultOf(answer, operation) ?? (answer.status >= 400 && answer.status < 500 ? undefined : `status ${answer.status}`);
        if (fault) wrong.push(`${operation.name}, ${title}: ${fault}`);
        else if ((await subject.records()) !== before) wrong.push(`${operation.name}, ${title}: changed a record`);
      }
    }
    expect(wrong).toEqual([]);
    console.log(`${count} wrong inputs, seed ${seed}`);
  });

  it("would be found broken: an undocumented refusal, an answer of another shape, a failure", () => {
    const [operation] = operations.filter(({ name }) => name === "runs.get");
    if (!operation) throw new Error("There is no runs.get.");
    const answered = (status: number, type: string, body: object): Answered => ({
      status,
      headers: new Map([
        ["x-content-type-options", "nosniff"],
        ["content-type", type],
      ]),
      body: JSON.stringify(body),
    });
    const problem = "application/problem+json";
    expect(wrongWithRight(operation, answered(404, problem, { code: "run_not_found" }))).toBeUndefined();
    expect(wrongWithRight(operation, answered(409, problem, { code: "run_finished" }))).toMatch(/undocumented/);
    expect(wrongWithRight(operation, answered(400, problem, { code: "invalid_request" }))).toMatch(/refused/);
    expect(wrongWithRight(operation, answered(200, "application/json", { id: 5 }))).toMatch(/another shape/);
    expect(wrongWithRight(operation, answered(500, problem, { code: "internal" }))).toMatch(/status 500/);
  });
});
