// Lets plain Node.js run the sources: it strips the types itself, only the .js of our imports has to become .ts.
// For threads and processes that tests start: `--import` this file.
// What they compile is kept for the next one, also where they are killed: half of a start goes into it.
import { enableCompileCache, flushCompileCache, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

registerHooks({
  resolve(specifier, context, next) {
    const isSource = specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL?.endsWith(".ts");
    return next(isSource ? `${specifier.slice(0, -3)}.ts` : specifier, context);
  },
});

enableCompileCache(fileURLToPath(new URL("../../node_modules/.compile-cache", import.meta.url)));
setTimeout(flushCompileCache, 2_000).unref();
