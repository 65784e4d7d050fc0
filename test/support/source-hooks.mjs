// Lets plain Node.js run the sources: it strips the types itself, only the .js of our imports has to become .ts.
// For threads and processes that tests start: `--import` this file.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    const isSource = specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL?.endsWith(".ts");
    return next(isSource ? `${specifier.slice(0, -3)}.ts` : specifier, context);
  },
});
