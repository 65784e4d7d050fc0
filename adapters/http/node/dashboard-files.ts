import { promises } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AnodeError } from "../../../lib/errors.js";
import type { Reply } from "../call.js";
import type { PublicFiles } from "../public-files.js";

const mount = "/dashboard";

/** What is served as what; a file of another kind is not served. */
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
};

/** What a page may do: its own scripts, styles and calls, pictures it was given as bytes, and nothing else. */
const pageHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
};
const immutable = "public, max-age=31536000, immutable";

/** Other spellings of the page's address, and how they lead there. What the page names is relative to that one, whatever is before it. */
const ways: Readonly<Record<string, string>> = { "/": "dashboard", [`${mount}/`]: "../dashboard", [`${mount}/index.html`]: "../dashboard" };

/**
 * The built files of the dashboard, under `/dashboard`; `/` leads there. They are read once, when the first of them is asked
 * for: what is served is what was found then, by its exact path, so no request ever names a file of the disk.
 * @param folder - holds `index.html`, and `assets/` with files whose names change with their content. @defaultValue those of this package
 */
export function dashboardFiles(folder: string = fileURLToPath(new URL("../../../dashboard/", import.meta.url))): PublicFiles {
  let reading: Promise<ReadonlyMap<string, Reply>> | undefined;

  function files(): Promise<ReadonlyMap<string, Reply>> {
    reading ??= readFiles(folder).catch((error: unknown) => {
      // It may be built later.
      reading = undefined;
      throw error;
    });
    return reading;
  }

  return {
    route: `${mount}/*`,
    has: (path) => path === "/" || path === mount || path.startsWith(`${mount}/`),
    async get(path) {
      const way = ways[path];
      if (way !== undefined) return { status: 302, headers: { Location: way } };
      const found = (await files()).get(path);
      if (found) return found;
      throw new AnodeError("not_found", "The dashboard has no such file.");
    },
  };
}

/** @throws `not_found` where nothing was built */
async function readFiles(folder: string): Promise<Map<string, Reply>> {
  const entries = await promises.readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? notBuilt() : error;
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const type = types[extname(entry.name)];
      if (!entry.isFile() || type === undefined) return undefined;
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(join(folder, "/").length).replaceAll("\\", "/");
      return [path, toReply(type, path.startsWith("assets/") ? immutable : "no-cache", await promises.readFile(file))] as const;
    }),
  );
  const replies = new Map<string, Reply>();
  for (const each of found) if (each) replies.set(each[0] === "index.html" ? mount : `${mount}/${each[0]}`, each[1]);
  if (!replies.has(mount)) throw notBuilt();
  return replies;
}

function notBuilt(): AnodeError {
  return new AnodeError("not_found", "The pages of the dashboard were not built into this installation.", {
    details: { hint: "`npm run build` builds them; everything else works without them." },
  });
}

function toReply(type: string, cacheControl: string, body: Uint8Array): Reply {
  return { status: 200, headers: { "Content-Type": type, "Cache-Control": cacheControl, ...pageHeaders }, body };
}
