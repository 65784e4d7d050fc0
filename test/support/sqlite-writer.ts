import { writeSync } from "node:fs";
import type { AnodeError } from "../../lib/errors.js";
import { appendOf } from "../../lib/testing/store-subject.js";
import { openSourceStore } from "./sqlite.js";

// sqlite-writer <path>: appends without end, a few commits under way at once, and prints the last seq of each as it is acknowledged.
// With `until-error` it appends large events until a commit fails, and prints what comes of it.
const [path = "", mode = "endless"] = process.argv.slice(2);
let failures = 0;
const store = await openSourceStore({ path, onFailed: () => void (failures += 1) });
if (mode === "endless") await writeEndlessly();
else await writeUntilError();

async function writeEndlessly(): Promise<void> {
  let revision = (await store.get("runs", "1"))?.revision ?? 0;
  let seq = (await store.read("run:1", 0, 1)).lastSeq;
  for (;;) {
    const commits = [];
    for (let count = 1; count <= 8; count += 1) {
      const append = appendOf("run:1", seq, count);
      seq += count;
      const lastSeq = seq;
      const put = { collection: "runs", id: "1", record: { last_seq: lastSeq }, expectedRevision: revision++ };
      commits.push(store.commit({ appends: [append], puts: [put] }).then(() => writeSync(1, `${lastSeq}\n`)));
    }
    await Promise.all(commits);
  }
}

async function writeUntilError(): Promise<void> {
  const codeOf = (commit: Promise<void>): Promise<string> =>
    commit.then(
      () => "ok",
      (error: AnodeError) => error.code,
    );
  let code = "ok";
  for (let seq = 0; code === "ok"; seq += 1)
    code = await codeOf(store.commit({ appends: [appendOf("run:1", seq, 1, "x".repeat(50_000))] }));
  writeSync(1, `commit ${code}\n`);
  writeSync(1, `again ${await codeOf(store.commit({}))}\n`);
  writeSync(1, `failed ${failures === 1 ? "once" : `${failures} times`}\n`);
  await store.close();
}
