import type { PaneBackend } from "../index.js";
import { expectEqual, expectRejection, expectTrue } from "./expect.js";
import type { Suite } from "./suite.js";

/** Two panes of the implementation under test, each with a program that asks for bracketed pastes and records what it reads. */
export interface PaneFixture {
  readonly backend: PaneBackend;
  /** The panes, each with its first process and where that was started. */
  readonly panes: readonly [FixturePane, FixturePane];
  /** All that a pane's program has read, as soon as it ends with this text; what has come when that takes too long. */
  input(paneId: string, end: string): Promise<string>;
  /** Makes a pane show something else than its program, as copy mode does. */
  enterMode(paneId: string): Promise<void>;
  /** Ends a pane, and resolves when it is gone. */
  end(paneId: string): Promise<void>;
  /** The same kind of backend where nothing can be reached. */
  unreachable(): PaneBackend;
  dispose(): Promise<void>;
}

/** What is known of a pane beforehand. */
export interface FixturePane {
  readonly pane_id: string;
  readonly pid: number;
  readonly cwd: string;
  readonly session: string;
  /** Processes below the first one. */
  readonly below: readonly number[];
}

/** An implementation of `PaneBackend` to be tested. */
export interface PaneBackendSubject {
  readonly supports: PaneBackend["supports"];
  make(): Promise<PaneFixture>;
}

const pasted = (text: string): string => `\x1b[200~${text}\x1b[201~`;
/** A pane that no fixture has. */
const strange = "%987654321";

/** What would act on a terminal or on a command line if it were passed on. */
const hostile: readonly (readonly [text: string, arrives: string])[] = [
  ["\x1b[201~\rrm -rf ~\r", "[201~rm -rf ~"],
  ["one\r\ntwo\rthree\n", "one\ntwothree\n"],
  ["\x9b201~C1\x9d0;title\x9c\x85", "201~C10;title"],
  ["\0\x03\x04\x07\x08\x11\x13\x15\x17\x1a\x1c\x7f^C", "^C"],
  ["-t %0 ; kill-server #{pane_id} $(id) `id` \\; \"'", "-t %0 ; kill-server #{pane_id} $(id) `id` \\; \"'"],
  ["a\u202eb\u2066c\u200fd", "abcd"],
  ["\ttab 漢字 é 🙂", "\ttab 漢字 é 🙂"],
];

/** What every {@link PaneBackend} promises. */
export const paneBackendSuite: Suite<PaneBackendSubject> = {
  plugPoint: "PaneBackend",
  cases: [
    caseOf(
      "panes.look",
      "lists its panes and gives each by its id: first process, folder, session, no mode",
      async ({ backend, panes }) => {
        const list = await backend.list();
        for (const { pane_id, pid, cwd, session } of panes) {
          const wanted = { pane_id, pid, cwd, session, in_mode: false };
          const pane = await backend.get(pane_id);
          expectEqual(pane.probe === "ok" && pick(pane.found, wanted), wanted, `get ${pane_id}`);
          const listed = list.probe === "ok" ? list.found.find((one) => one.pane_id === pane_id) : undefined;
          expectEqual(listed && pick(listed, wanted), wanted, `the listed pane ${pane_id}`);
        }
      },
    ),
    caseOf("panes.absent", "is certain of a pane that is not there", async ({ backend, panes: [first], end }) => {
      expectEqual((await backend.get(strange)).probe, "fail", "get of an unknown pane");
      expectEqual((await backend.tree(strange)).probe, "fail", "tree of an unknown pane");
      await end(first.pane_id);
      expectEqual((await backend.get(first.pane_id)).probe, "fail", "get of a pane that has ended");
      expectEqual((await backend.tree(first.pane_id)).probe, "fail", "tree of a pane that has ended");
      const list = await backend.list();
      const ids = list.probe === "ok" ? list.found.map(({ pane_id }) => pane_id) : [];
      expectTrue(!ids.includes(first.pane_id), "a pane that has ended must not be listed");
    }),
    caseOf(
      "panes.absent",
      "pastes and presses nothing where there is no pane, and says so",
      async ({ backend, panes: [first, second], end, input }) => {
        await end(first.pane_id);
        for (const paneId of [strange, first.pane_id]) {
          await expectRejection(backend.paste(paneId, "lost"), "pane_not_found", `A paste into ${paneId}`);
          await expectRejection(backend.submit(paneId), "pane_not_found", `Enter in ${paneId}`);
        }
        await backend.paste(second.pane_id, "here");
        expectEqual(await input(second.pane_id, pasted("here")), pasted("here"), "what the other pane got");
      },
    ),
    caseOf("panes.id", "takes a pane id of the one form and nothing else", async ({ backend, panes: [first], input }) => {
      for (const paneId of [
        "",
        "7",
        "%",
        "%1x",
        "%-1",
        "main:0.0",
        "%1234567890",
        "-t",
        `${first.pane_id}\n`,
        `${first.pane_id} ; kill-server`,
      ]) {
        await expectRejection(backend.get(paneId), "invalid_pane_id", `get ${JSON.stringify(paneId)}`);
        await expectRejection(backend.tree(paneId), "invalid_pane_id", `tree ${JSON.stringify(paneId)}`);
        await expectRejection(backend.paste(paneId, "text"), "invalid_pane_id", `paste ${JSON.stringify(paneId)}`);
        await expectRejection(backend.submit(paneId), "invalid_pane_id", `submit ${JSON.stringify(paneId)}`);
      }
      await backend.paste(first.pane_id, "end");
      expectEqual(await input(first.pane_id, pasted("end")), pasted("end"), "what the pane got");
    }),
    caseOf(
      "panes.tree",
      "tells the processes of a pane, the first one first, each with its start",
      async ({ backend, panes: [first, second] }) => {
        const tree = await backend.tree(first.pane_id);
        const processes = tree.probe === "ok" ? tree.found : [];
        expectEqual(processes[0]?.pid, first.pid, "the first process");
        for (const pid of first.below)
          expectTrue(
            processes.some((one) => one.pid === pid),
            `process ${pid} is in the tree`,
          );
        expectTrue(
          processes.every(({ pid }) => pid !== second.pid && !second.below.includes(pid)),
          "nothing of the other pane is in the tree",
        );
        expectTrue(
          processes.every(({ started }) => Number.isInteger(started)),
          "each process has its start",
        );
        const again = await backend.tree(first.pane_id);
        const starts = (found: typeof processes) => found.map(({ pid, started }) => [pid, started]);
        expectEqual(again.probe === "ok" && starts(again.found), starts(processes), "the same processes at a second look");
      },
    ),
    caseOf("panes.tree", "tells who has the terminal", async ({ backend, panes: [first] }) => {
      const tree = await backend.tree(first.pane_id);
      const front = tree.probe === "ok" ? tree.found.filter(({ foreground }) => foreground) : [];
      expectTrue(front.length > 0, "somebody in the pane reads the terminal");
    }),
    caseOf(
      "panes.paste",
      "pastes a text of several lines as it is, in one bracketed paste without Enter",
      async ({ backend, panes: [first], input }) => {
        const text = "first line\n\n  third line, indented\nlast";
        await backend.paste(first.pane_id, text);
        await backend.paste(first.pane_id, "next");
        expectEqual(await input(first.pane_id, pasted("next")), pasted(text) + pasted("next"), "the input");
      },
    ),
    caseOf("panes.paste", "pastes nothing for an empty text", async ({ backend, panes: [first], input }) => {
      await backend.paste(first.pane_id, "");
      await backend.paste(first.pane_id, "\x1b\r");
      await backend.paste(first.pane_id, "next");
      expectEqual(await input(first.pane_id, pasted("next")), pasted("next"), "the input");
    }),
    caseOf(
      "panes.safe",
      "takes out what could act as a key or end the paste, and expands nothing",
      async ({ backend, panes: [first], input }) => {
        let wanted = "";
        for (const [text, arrives] of hostile) {
          await backend.paste(first.pane_id, text);
          wanted += pasted(arrives);
        }
        await backend.paste(first.pane_id, "the end");
        expectEqual(await input(first.pane_id, pasted("the end")), wanted + pasted("the end"), "the input");
      },
    ),
    caseOf("panes.large", "pastes a large text whole", async ({ backend, panes: [first], input }) => {
      const text = Array.from({ length: 400 }, (_, index) => `line ${index}: ${"é".repeat(16)}`).join("\n");
      await backend.paste(first.pane_id, text);
      expectEqual(await input(first.pane_id, pasted(text)), pasted(text), "the input");
    }),
    caseOf("panes.submit", "presses Enter once", async ({ backend, panes: [first], input }) => {
      await backend.paste(first.pane_id, "text");
      await backend.submit(first.pane_id);
      await backend.paste(first.pane_id, "next");
      expectEqual(await input(first.pane_id, pasted("next")), `${pasted("text")}\r${pasted("next")}`, "the input");
    }),
    caseOf("panes.apart", "keeps pastes apart that come at once", async ({ backend, panes, input }) => {
      const texts = Array.from({ length: 8 }, (_, index) => `text ${index}`);
      await Promise.all(texts.map((text, index) => backend.paste(panes[index % 2 === 0 ? 0 : 1].pane_id, text)));
      for (const [index, { pane_id }] of panes.entries()) {
        await backend.paste(pane_id, "end");
        const words = (await input(pane_id, pasted("end"))).split("\x1b[201~").map((word) => word.replace("\x1b[200~", ""));
        const wanted = texts.filter((_, at) => at % 2 === index);
        expectEqual(words.slice(0, -2).sort(), wanted, `the texts of pane ${pane_id}`);
      }
    }),
    caseOf(
      "panes.mode",
      "tells of a pane that shows something else than its program",
      async ({ backend, panes: [first, second], enterMode }) => {
        await enterMode(first.pane_id);
        const modes = await Promise.all([first, second].map(({ pane_id }) => backend.get(pane_id)));
        expectEqual(
          modes.map((pane) => pane.probe === "ok" && pane.found.in_mode),
          [true, false],
          "in_mode of the two panes",
        );
      },
    ),
    caseOf(
      "panes.unavailable",
      "knows nothing where nothing can be reached, and does not say that nothing is there",
      async ({ unreachable, panes: [first] }) => {
        const backend = unreachable();
        const looks = [await backend.list(), await backend.get(first.pane_id), await backend.tree(first.pane_id)];
        expectEqual(
          looks.map(({ probe }) => probe),
          ["unavailable", "unavailable", "unavailable"],
          "list, get and tree",
        );
        await expectRejection(backend.paste(first.pane_id, "text"), "pane_backend_unavailable", "A paste");
        await expectRejection(backend.submit(first.pane_id), "pane_backend_unavailable", "Enter");
        await expectRejection(backend.get("main"), "invalid_pane_id", "A malformed id");
      },
    ),
    {
      ...caseOf("panes.create", "starts a program in a pane of its own, without a shell", async ({ backend, panes: [first] }) => {
        const made = await backend.create?.({ session: first.session, cwd: first.cwd, argv: ["sleep", "30"] });
        expectTrue(made !== undefined && made.pane_id !== first.pane_id, "there is a new pane");
        const found = await backend.get(made?.pane_id ?? "");
        expectEqual(
          found.probe === "ok" && pick(found.found, { cwd: "", session: "" }),
          { cwd: first.cwd, session: first.session },
          "where it is",
        );
      }),
      needs: "create",
    },
    {
      ...caseOf("panes.kill", "ends a pane, and no other", async ({ backend, panes: [first, second] }) => {
        await backend.kill?.(first.pane_id);
        expectEqual([(await backend.get(first.pane_id)).probe, (await backend.get(second.pane_id)).probe], ["fail", "ok"], "the two panes");
        await expectRejection(backend.kill?.(strange) ?? Promise.resolve(), "pane_not_found", "The end of an unknown pane");
      }),
      needs: "kill",
    },
  ],
};

function caseOf(clause: string, title: string, body: (fixture: PaneFixture) => Promise<void>) {
  const run = async ({ make }: PaneBackendSubject): Promise<void> => {
    const fixture = await make();
    try {
      await body(fixture);
    } finally {
      await fixture.dispose();
    }
  };
  return { clause, title, run };
}

/** Those members of a value that `shape` has. */
function pick(value: object, shape: object): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name in shape));
}
