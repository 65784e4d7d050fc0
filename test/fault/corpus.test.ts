import { describe, expect, it } from "vitest";
import { argvCorpus } from "./corpus/argv.js";
import { bindCorpus } from "./corpus/binds.js";
import { contentTypeCorpus } from "./corpus/content-types.js";
import { cursorCorpus } from "./corpus/cursors.js";
import { frameAttacks, upgradeAttacks } from "./corpus/frames.js";
import { hostCorpus } from "./corpus/hosts.js";
import { jsonBombs, jsonCorpus } from "./corpus/json.js";
import { malformedCorpus } from "./corpus/malformed.js";
import { originCorpus } from "./corpus/origins.js";
import { pathCorpus, stateFolderPaths } from "./corpus/paths.js";
import { pollutionMembers, pollutionQueries } from "./corpus/pollution.js";
import { stringCorpus } from "./corpus/strings.js";
import { controlPoints, terminalAttacks } from "./corpus/terminal.js";

// How many rows each corpus must have, and its rows as texts.
const sizes: readonly (readonly [name: string, atLeast: number, rows: readonly unknown[]])[] = [
  ["host", 64, hostCorpus(7433)],
  ["origin and fetch metadata", 40, originCorpus(7433)],
  ["content type", 30, contentTypeCorpus],
  ["path", 80, pathCorpus],
  ["state folder", 40, stateFolderPaths("/home/x")],
  ["malformed HTTP", 120, malformedCorpus],
  ["cursor", 60, cursorCorpus(5)],
  ["JSON", 120, jsonCorpus],
  ["JSON bomb", 24, jsonBombs],
  ["pollution in bodies", 12, pollutionMembers],
  ["pollution in queries", 12, pollutionQueries],
  ["string", 200, stringCorpus],
  ["argv", 60, argvCorpus],
  ["control point", 65, controlPoints],
  ["terminal sequence", 60, terminalAttacks],
  ["bind", 24, bindCorpus],
  ["WebSocket frame", 40, frameAttacks],
  ["WebSocket upgrade", 12, upgradeAttacks],
];

describe("the corpora", () => {
  it.for(sizes)("have of the kind %s at least %i rows, none twice", ([, atLeast, rows]) => {
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(atLeast);
  });
});
