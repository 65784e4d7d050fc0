// Required before the program: when it ends, it tells on standard error which of its files and which public modules of Node it has loaded.
const { basename } = require("node:path");
const { writeSync } = require("node:fs");

process.on("exit", () => {
  const files = Object.keys(require.cache).map((path) => basename(path));
  // A worker has this file too.
  if (!files.includes("anode.cjs")) return;
  // The web's `crypto` is an inner module that loads most of Node's.
  const builtins = process.moduleLoadList.flatMap(
    (name) => /^NativeModule (internal\/crypto\/webcrypto|(?!internal\/|_).+)$/.exec(name)?.[1] ?? [],
  );
  writeSync(2, `loaded ${JSON.stringify({ files: files.filter((name) => name !== basename(__filename)), builtins })}\n`);
});
