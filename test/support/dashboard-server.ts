import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const built = join(import.meta.dirname, "../../dist/dashboard");
const types: Readonly<Record<string, string>> = { js: "text/javascript", css: "text/css", html: "text/html; charset=utf-8" };
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Serves the built page in front of a daemon: what is not the page's own is passed on to where `target` says that the daemon is. */
export async function serveDashboard(target: () => string): Promise<string> {
  const server = createServer((asked, answer) => {
    const path = (asked.url ?? "").replace(/\?.*/, "");
    if (path === "/dashboard" || path.startsWith("/dashboard/assets/")) {
      const file = path === "/dashboard" ? "index.html" : path.slice("/dashboard/".length);
      answer.writeHead(200, { ...headers, "content-type": types[file.split(".").pop() ?? ""] });
      return void answer.end(readFileSync(join(built, file)));
    }
    const { hostname, port, host } = new URL(target());
    const kept = Object.entries(asked.headers).filter(([name]) => !/^(host|origin|connection)$/.test(name));
    const passed = request(
      { hostname, port, path: asked.url, method: asked.method, agent: false, headers: { ...Object.fromEntries(kept), host } },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers).flushHeaders();
        reply.on("error", () => answer.destroy()).pipe(answer);
      },
    );
    // Where there is no daemon there is no answer.
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
