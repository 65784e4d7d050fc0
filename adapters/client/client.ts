import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import { AnodeError } from "../../lib/errors.js";
import type { Host } from "../../lib/host.js";
import { systemHost } from "../../lib/system-host.js";
import { attachmentMethods } from "./attachments.js";
import { attach, type AttachOptions } from "./attach.js";
import type { Carrier, CarrierReply } from "./carrier.js";
import { connectPeer, type PeerHandlers, type PeerOptions } from "./connect-peer.js";
import type { CallOptions, Client } from "./client-types.js";
import { createCredential, type TokenProvider } from "./credential.js";
import type { ClientHooks } from "./hooks.js";
import { allItems, iteratePages } from "./pages.js";
import { type FeedOptions, feedEvents } from "./events.js";
import { createSender } from "./sender.js";
import { type Ends, pause, within } from "./time.js";
import { askReply, runEnd, type Waiting, waitInSlices } from "./wait.js";
import { checkPathInput } from "./wire.js";

/** How a client calls. */
export interface ClientOptions extends ClientHooks {
  /** The token, or what gives it. Sent to the carrier's place only, and never shown. @defaultValue none */
  readonly token?: string | TokenProvider;
  /** How often a safe call is repeated. @defaultValue 2 */
  readonly retries?: number;
  /** Largest answer in bytes; over it `protocol_error`. @defaultValue 64 MiB */
  readonly bodyBytes?: number;
  /** Clock and idempotency keys. @defaultValue the system's */
  readonly host?: Pick<Host, "clock" | "randomId">;
  /** Spreads repeats in time; 0 to below 1. @defaultValue `Math.random` */
  readonly random?: () => number;
}

type Input = Readonly<Record<string, unknown>>;
type Call = (input?: Input, options?: CallOptions) => Promise<unknown>;

/**
 * The contract as typed methods over a carrier.
 * @throws `invalid_request` when `retries` or `bodyBytes` is not a whole number from 0 on
 */
export function clientOver(carrier: Carrier, options: ClientOptions = {}): Client {
  const { token, retries = 2, bodyBytes = 64 * 1024 * 1024, host = systemHost, random = Math.random, ...hooks } = options;
  checkCount("retries", retries);
  checkCount("bodyBytes", bodyBytes);
  const credential = createCredential(token, host.clock);
  const sender = createSender({ carrier, credential, host, random, retries, bodyBytes, hooks });
  const closing = new AbortController();
  const ends = ({ signal, timeoutMs }: CallOptions): Ends => ({ signal, timeoutMs, closing: closing.signal, clock: host.clock });

  function method(operation: Operation): Call {
    return (asked = {}, given = {}) =>
      within(ends(given), async (signal) => {
        const input = withIdentity(operation, asked);
        checkPathInput(operation, input);
        const { idempotencyKey, retries: own } = given;
        return sender.document({ operation, input, accept: "application/json", signal, idempotencyKey, retries: own });
      });
  }

  /** The same for every repeat of the call, so that they are one. */
  function withIdentity({ repeatBy }: Operation, input: Input): Input {
    return repeatBy === undefined || input[repeatBy] !== undefined ? input : { ...input, [repeatBy]: `call-${host.randomId(15)}` };
  }

  const opening =
    (operation: Operation) =>
    async (input: Input, signal: AbortSignal, own?: number): Promise<CarrierReply> => {
      checkPathInput(operation, input);
      return sender.stream({ operation, input, accept: "text/event-stream", signal, retries: own });
    };

  const calls = Object.fromEntries(operations.map((operation) => [operation.name, method(operation)]));
  const call = (name: string, input: Input, given: CallOptions): Promise<unknown> => (calls[name] as Call)(input, given);
  const wait = (name: string, what: Waiting, input: Input, given: CallOptions & { readonly signal: AbortSignal }): Promise<unknown> => {
    const parts = { clock: host.clock, random, pause: (delayMs: number) => pause(host.clock, delayMs, given.signal) };
    return waitInSlices(what, (slice) => call(name, slice, given), parts, input);
  };
  const waiting =
    (name: string, what: Waiting): Call =>
    (input = {}, given = {}) =>
      within(ends(given), (signal) => wait(name, what, input, { ...given, signal }));
  const lists = operations.filter(({ name, items }) => items !== undefined && name.endsWith(".list"));
  const lastSeqOf = async (name: string, input: Input, signal: AbortSignal): Promise<number> =>
    ((await call(name, input, { signal })) as { readonly last_seq: number }).last_seq;
  const ports = { clock: host.clock, random, closing: closing.signal };
  const runPorts = {
    ...ports,
    open: opening(rowOf("runs.events")),
    lastSeq: (id: string, signal: AbortSignal) => lastSeqOf("runs.get", { id }, signal),
  };
  const feedPorts = {
    ...ports,
    open: opening(rowOf("events.stream")),
    lastSeq: (signal: AbortSignal) => lastSeqOf("events.list", { tail: 0 }, signal),
  };

  const client = nested({
    ...calls,
    ...Object.fromEntries(lists.flatMap((row) => listMethods(row, call))),
    "runs.wait": waiting("runs.wait", runEnd),
    "asks.wait": waiting("asks.wait", askReply),
    "asks.askAndWait": (input: Input, given: CallOptions = {}) =>
      within(ends(given), async (signal) => {
        const options = { ...given, signal };
        const { correlation_id: id } = (await call("asks.ask", input, options)) as { readonly correlation_id: string };
        return wait("asks.wait", askReply, { id, timeout_ms: Number.POSITIVE_INFINITY }, options);
      }),
    "runs.attach": (id: string, given: AttachOptions = {}) => attach(runPorts, id, given),
    ...Object.fromEntries(Object.entries(attachmentMethods(sender, ends)).map(([verb, call]) => [`attachments.${verb}`, call])),
    connectPeer: (given: PeerOptions, handlers: PeerHandlers) =>
      connectPeer({ carrier, credential, host, random, closing: closing.signal }, given, handlers),
    async close() {
      closing.abort();
      await carrier.close();
    },
  });
  const events = Object.assign((given: FeedOptions = {}) => feedEvents(feedPorts, given), client["events"]);
  return {
    ...client,
    events,
    get address() {
      return carrier.address;
    },
  } as unknown as Client;
}

const rowOf = (wanted: string): Operation => operations.find(({ name }) => name === wanted) as Operation;

function listMethods(
  { name, items }: Operation,
  call: (name: string, input: Input, given: CallOptions) => Promise<unknown>,
): [string, unknown][] {
  const noun = name.slice(0, -".list".length);
  const iterate = (input: Input = {}, given: CallOptions = {}): AsyncGenerator<unknown, void> =>
    iteratePages((page) => call(name, page, given) as Promise<Input>, items as string, input);
  const all = ({ max, ...input }: Input = {}, given?: CallOptions): Promise<unknown[]> =>
    allItems(iterate(input, given), max as number | undefined);
  return [
    [`${noun}.iterate`, iterate],
    [`${noun}.all`, all],
  ];
}

/** `{"runs.get": f}` as `{runs: {get: f}}`. */
function nested(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    const [first = "", verb] = name.split(".");
    if (verb === undefined) tree[first] = value;
    else tree[first] = { ...(tree[first] as object | undefined), [verb]: value };
  }
  return tree;
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new AnodeError("invalid_request", `${name} must be a whole number from 0 on, got ${String(value)}.`);
}
