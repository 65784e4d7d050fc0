import { AnodeError } from "../../../lib/errors.js";
import type { Command } from "../context.js";
import { withClient } from "../open-client.js";
import { openInBrowser } from "../open-in-browser.js";

/** `anode dashboard`: opens the dashboard where a browser is to be had, else prints its address. The address holds a login code, never a token. */
export const run: Command = (line, context) =>
  withClient(line, context, async (client) => {
    const { code, url } = await client.auth.createCode();
    const page = pageOf(client.address, url);
    const address = `${page}#code=${encodeURIComponent(code)}`;
    const { output, env } = context;
    if (!line.has("print") && output.isTerminal && (await openInBrowser(address, env))) {
      output.note(`the browser opens ${page}; \`anode dashboard --print\` prints an address to open by hand`);
      return 0;
    }
    output.data(`${address}\n`);
    output.note("good for one minute and one use");
    return 0;
  });

const ownPage = /^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d{1,5}\/dashboard#code=[\w-]+$/;

/**
 * The page of the daemon that was called: at the address that was called, and where that was its socket, at the one it names if that
 * is on this machine. No answer sends a browser elsewhere.
 * @throws `protocol_error`
 */
function pageOf(called: string, named: string): string {
  if (called.startsWith("http://")) return `${called}/dashboard`;
  if (ownPage.test(named)) return named.slice(0, named.indexOf("#"));
  throw new AnodeError("protocol_error", "The daemon named an address for its dashboard that is not on this machine.", {
    details: { hint: "Name its TCP address: anode dashboard --daemon <host:port>" },
  });
}
