import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entriesIn, type HookEntry, withEntries, withoutEntries } from "../../../adapters/cli/hook-settings/hook-entries.js";
import { runtimeSettings } from "../../../adapters/cli/hook-settings/runtime-settings.js";
import { propertyRuns } from "../../support/property-runs.js";

const request = {
  node: "/opt/node/bin/node",
  program: "/opt/it's/anode.cjs",
  approval: { gatedTools: ["Bash", "mcp__*"], waitMs: 45_000 },
};

function entriesOf(backend: string): readonly HookEntry[] {
  const settings = runtimeSettings[backend];
  if (settings?.kind !== "entries") throw new Error(`${backend} has no entries.`);
  return settings.entries(request);
}

const entries = entriesOf("claude-code");
const events = entries.map(({ event }) => event);

/** Settings as people have them: other hooks at our events and elsewhere, fields that nobody knows, any layout. */
const foreignHook = fc.record({ type: fc.constant("command"), command: fc.constantFrom("lint.sh", "say '# anode hooks'; true", "") });
const foreignGroup = fc.oneof(
  fc.record({ matcher: fc.constantFrom("Bash", "*"), hooks: fc.array(foreignHook, { maxLength: 2 }) }),
  fc.constantFrom<unknown>({}, { hooks: 7 }, 7, null),
);
const table = fc.dictionary(fc.constantFrom(...events, "PreCompact", "__proto__x"), fc.array(foreignGroup, { maxLength: 3 }), {
  maxKeys: 5,
});
const settings = fc
  .tuple(
    fc.dictionary(fc.constantFrom("model", "permissions", "env", 'a"b', "ünï"), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
    fc.option(table, { nil: undefined }),
    fc.boolean(),
  )
  .map(([others, hooks, isFirst]) => (hooks === undefined ? others : isFirst ? { hooks, ...others } : { ...others, hooks }));
const layout = fc.constantFrom<(value: unknown) => string>(
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => `${JSON.stringify(value, null, 2)}\n`,
  (value) => JSON.stringify(value, null, "\t"),
  (value) => `  ${JSON.stringify(value, null, 4).replaceAll("\n", "\r\n")}\r\n\r\n`,
  (value) => JSON.stringify(value).replaceAll(",", " ,\n ").replaceAll("{}", "{ }").replaceAll("[]", "[\n]"),
);

describe("hooks in settings", () => {
  it("are put in once, and taken out byte by byte, whatever else is there", () => {
    fc.assert(
      fc.property(settings, layout, (made, write) => {
        const before = write(made);
        // A layout may change texts, too.
        const value = parsed(before);
        fc.pre(value !== undefined);
        const after = withEntries(before, entries);
        expect(entriesIn(after).map(({ event }) => event)).toHaveLength(entries.length);
        expect(withEntries(after, entries)).toBe(after);
        expect(withoutEntries(after)).toBe(before);
        // What was there is there, in its order.
        const now = JSON.parse(after) as Record<string, unknown>;
        for (const [name, other] of Object.entries(value ?? {})) if (name !== "hooks") expect(now[name]).toEqual(other);
        const hooks = (value?.["hooks"] ?? {}) as Record<string, unknown[]>;
        for (const [event, groups] of Object.entries(hooks)) {
          expect((now["hooks"] as Record<string, unknown[]>)[event]?.slice(0, groups.length)).toEqual(groups);
        }
      }),
      { numRuns: propertyRuns(150) },
    );
  });

  it("are replaced by those of another program, and go on undoing what the first made", () => {
    const others = entries.map((entry) => ({ ...entry, command: entry.command.replace("/opt/node", "/usr") }));
    for (const before of ["{}", '{"hooks":{}}', '{"hooks":{"Stop":[]}}\n', '{\n  "a": 1\n}\n']) {
      const after = withEntries(withEntries(before, others), entries);
      expect(after).toBe(withEntries(before, entries));
      expect(withoutEntries(after)).toBe(before);
    }
  });

  it("leave what was added later, and a file of ours that others have written into", () => {
    const made = withEntries(undefined, entries);
    expect(withoutEntries(made)).toBeUndefined();
    const grown = JSON.parse(made) as { hooks: Record<string, unknown[]> };
    grown.hooks["Stop"]?.push({ hooks: [{ type: "command", command: "mine" }] });
    const left = withoutEntries(JSON.stringify(grown, null, 2));
    expect(JSON.parse(left ?? "")).toEqual({ hooks: { Stop: [{ hooks: [{ type: "command", command: "mine" }] }] } });
  });

  it.each(["", "{", "[]", "7", '{"hooks":7}', '{"hooks":{"Stop":{}}}', "// a comment\n{}", "{,}"])("%j is refused", (text) => {
    expect(() => withEntries(text, entries)).toThrow(SyntaxError);
  });

  it("a made file is settings as people would write them", () => {
    const made = JSON.parse(withEntries(undefined, entries)) as { hooks: Record<string, { hooks: object[] }[]> };
    expect(withEntries(undefined, entries)).toBe(`${JSON.stringify(made, null, 2)}\n`);
    expect(made.hooks["PreToolUse"]).toEqual([
      {
        matcher: "Bash|mcp__.*",
        hooks: [
          {
            type: "command",
            command:
              "'/opt/node/bin/node' '/opt/it'\\''s/anode.cjs' hook pretooluse --backend claude-code || exit 2 # anode hooks +list +file",
            timeout: 85,
            onFailure: "block",
          },
        ],
      },
    ]);
  });

  it("waits of any length end well before the runtime's own patience", () => {
    for (const [backend, unitMs] of [
      ["claude-code", 1_000],
      ["codex", 1_000],
      ["gemini", 1],
    ] as const) {
      for (const waitMs of [1, 45_000, 600_000]) {
        const found = runtimeSettings[backend];
        if (found?.kind !== "entries") throw new Error("It has no entries.");
        const gate = found.entries({ ...request, approval: { gatedTools: ["Bash"], waitMs } }).at(-1);
        expect((gate?.timeout ?? 0) * unitMs).toBeGreaterThanOrEqual(waitMs + 5_000 + 10_000);
      }
    }
  });
});

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
