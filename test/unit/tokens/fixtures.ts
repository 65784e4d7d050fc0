import { onTestFinished } from "vitest";
import { allScopes, type Caller } from "../../../lib/caller.js";
import { type AnodeError, isAnodeError } from "../../../lib/errors.js";
import { defaultLimits } from "../../../lib/limits.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createFaultyStore, type FaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost, type TestHost } from "../../../lib/testing/test-host.js";
import { type TokenLimits, Tokens } from "../../../lib/tokens/tokens.js";

export const owner: Caller = { id: "owner", door: "unix", scopes: allScopes };
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

export interface TestTokens {
  readonly tokens: Tokens;
  readonly host: TestHost;
  readonly store: FaultyStore;
  /** The same store and clock, in a new process. */
  restarted(): Promise<Tokens>;
}

/** Tokens over a memory store, with a manual clock. */
export async function testTokens(limits: Partial<TokenLimits> = {}): Promise<TestTokens> {
  const host = createTestHost();
  const store = createFaultyStore(createMemoryStore());
  const open = async (): Promise<Tokens> => {
    const tokens = new Tokens(store, host, { ...defaultLimits, ...limits });
    await tokens.open();
    onTestFinished(() => tokens.close());
    return tokens;
  };
  return { tokens: await open(), host, store, restarted: open };
}

/** What a call is refused with: its code, and the reason where it has one. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAnodeError(error)) throw new Error(`It was not refused: ${String(error)}`);
  return [error.code, ...reasonOf(error)].join(" ");
}

function reasonOf({ details }: AnodeError): string[] {
  return typeof details?.["reason"] === "string" ? [details["reason"]] : [];
}

/** Who shows the token: the id of its caller, or why nobody. */
export function known(tokens: Tokens, text: string): Promise<string> {
  return tokens.verify(text, "tcp").then(
    ({ caller }) => caller.id,
    (error: AnodeError) => `${error.code} ${String(error.details?.["reason"])}`,
  );
}
