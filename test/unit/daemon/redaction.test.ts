import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactedExecutor } from "../../../adapters/daemon/redacted-executor.js";
import { createRedaction, type Redaction, secretsOf } from "../../../adapters/daemon/redaction.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { RunContext } from "../../../lib/runs/executor.js";

const secret = 'p"ss/wörd+1=&\\n';

describe("createRedaction", () => {
  const forms: readonly [form: string, text: string][] = [
    ["raw", secret],
    ["inside JSON", JSON.stringify({ secret })],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in URL-safe base64", Buffer.from(secret).toString("base64url")],
    ["percent-encoded", encodeURIComponent(secret)],
  ];
  for (const [form, text] of forms) {
    it(`takes a known secret out ${form}`, () => {
      const redaction = createRedaction();
      redaction.add({ MY_PASSWORD: secret });
      const clean = redaction.text(`before ${text} after`);
      expect(clean).toContain("[redacted:MY_PASSWORD]");
      expect([clean.includes(text), clean.startsWith("before "), clean.endsWith(" after")]).toEqual([false, true, true]);
    });
  }

  const known: readonly string[] = [
    `anode_${"a".repeat(43)}`,
    `anode_at_${"b".repeat(43)}`,
    `anode_at_7433_${"c".repeat(43)}`,
    `anode_rt_${"d".repeat(43)}`,
    `sk-ant-${"e".repeat(30)}`,
    `sk-proj-${"f".repeat(30)}`,
    `ghp_${"g".repeat(36)}`,
    `github_pat_${"h".repeat(40)}`,
    `glpat-${"i".repeat(20)}`,
    `xoxb-${"1".repeat(12)}`,
    `AKIA${"J".repeat(16)}`,
    `AIza${"k".repeat(35)}`,
    `npm_${"l".repeat(36)}`,
    "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----",
  ];
  for (const text of known) {
    it(`knows ${text.slice(0, 14)}… by its looks`, () => {
      expect(createRedaction().text(`x ${text} y`)).toMatch(/^x \[redacted:\w+\] y$/s);
    });
  }

  const spellings = [...forms.map(([, text]) => text), ...known];
  const streamed = (redaction: Redaction, pieces: readonly string[]): string => {
    let [out, held] = ["", ""];
    for (const piece of pieces) {
      held += piece;
      const at = redaction.heldFrom(held);
      out += redaction.text(held.slice(0, at));
      held = held.slice(at);
    }
    return out + redaction.text(held);
  };

  it.each(spellings)("takes %j out of a text that comes in pieces, wherever it is cut", (spelling) => {
    const redaction = createRedaction();
    redaction.add({ MY_PASSWORD: secret });
    const whole = `before ${spelling} after`;
    const clean = redaction.text(whole);
    expect(clean).toContain("[redacted:");
    for (let cut = 0; cut <= whole.length; cut += 1) expect(streamed(redaction, [whole.slice(0, cut), whole.slice(cut)])).toBe(clean);
    expect(streamed(redaction, [...whole])).toBe(clean);
  });

  it("is the same in pieces as in one, for any text and any pieces", () => {
    const redaction = createRedaction();
    redaction.add({ A: "sesame-open", B: "sesame-open-wide", C: "esamesesa" });
    const word = fc.constantFrom(
      "sesame-open",
      "sesame-",
      "sesame-open-wide",
      "esamesesa",
      "s",
      "-wide",
      " ",
      "\n",
      "sk-",
      "e".repeat(24),
      "anode_",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 6 }), (words, cuts) => {
        const whole = words.join("");
        const at = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((to, index) => whole.slice(at[index], to));
        expect(streamed(redaction, pieces)).toBe(redaction.text(whole));
      }),
    );
  });

  it("holds nothing of a text that cannot go on as a secret, and never more than 4,096 units", () => {
    const redaction = createRedaction();
    redaction.add({ A: "sesame-open" });
    for (const text of ["", "Password: ", "Continue? [y/N] ", "100 %\r", "a line\n", "-----BEGIN CERTIFICATE-----\nMII"])
      expect(redaction.heldFrom(text), text).toBe(text.length);
    const key = `-----BEGIN PRIVATE KEY-----\n${"x".repeat(10_000)}`;
    expect(redaction.heldFrom(key)).toBe(key.length);
    expect(redaction.heldFrom(key.slice(0, 4_000))).toBe(0);
  });

  it("leaves ordinary text, short values and the very object without secrets alone", () => {
    const redaction = createRedaction();
    redaction.add({ SHORT_TOKEN: "abc" });
    const payload = { text: "abc skeleton anode_daemon sk-8", list: [1, null, { deep: "x" }] };
    expect(redaction.value(payload)).toBe(payload);
  });

  it("reaches into payloads and leaves the original as it was", () => {
    const redaction = createRedaction();
    redaction.add({ K: "sesame-open" });
    const payload = { a: "x", b: [{ c: "say sesame-open" }], n: 1 };
    expect(redaction.value(payload)).toEqual({ a: "x", b: [{ c: "say [redacted:K]" }], n: 1 });
    expect(payload.b[0]?.c).toBe("say sesame-open");
  });

  it("covers the longer of two secrets that begin alike, and forgets what is taken off", () => {
    const redaction = createRedaction();
    const forget = redaction.add({ A: "sesame-open", B: "sesame-open-wide" });
    expect(redaction.text("sesame-open-wide")).toBe("[redacted:B]");
    forget();
    expect(redaction.text("sesame-open-wide")).toBe("sesame-open-wide");
  });
});

describe("secretsOf", () => {
  it("goes by the names of the variables", () => {
    const env = {
      OPENAI_API_KEY: "1",
      DB_PASSWORD: "2",
      GH_TOKEN: "3",
      npm_config__auth: "4",
      PATH: "5",
      SSH_AUTH_SOCK: "6",
      AUTHOR: "7",
      X_SECRET: undefined,
    };
    expect(Object.keys(secretsOf(env))).toEqual(["OPENAI_API_KEY", "DB_PASSWORD", "GH_TOKEN", "npm_config__auth"]);
  });
});

describe("redactedExecutor", () => {
  const contextWith = (env: Record<string, string>): RunContext => ({ request: { env } }) as unknown as RunContext;

  it("knows the secrets of a run's environment while the run lasts", async () => {
    const redaction = createRedaction();
    let during = "";
    const inner = functionExecutor(() => ((during = redaction.text("sesame-open")), "result sesame-open"));
    const outcome = await redactedExecutor(inner, redaction).execute(contextWith({ MY_TOKEN: "sesame-open" }));
    expect([during, outcome.result, redaction.text("sesame-open")]).toEqual([
      "[redacted:MY_TOKEN]",
      "result [redacted:MY_TOKEN]",
      "sesame-open",
    ]);
  });

  it("takes them out of the error too", async () => {
    const inner = functionExecutor(() => {
      throw new Error("no sesame-open");
    });
    await expect(redactedExecutor(inner, createRedaction()).execute(contextWith({ MY_TOKEN: "sesame-open" }))).rejects.toThrow(
      "no [redacted:MY_TOKEN]",
    );
  });
});
