import type { Call, Handle } from "../../../adapters/http/call.js";
import { expectEqual } from "../../../lib/testing/expect.js";

const foreign: readonly (readonly string[])[] = [
  [],
  ["evil.example"],
  ["evil.example:7433"],
  ["127.0.0.1"],
  ["127.0.0.1:80"],
  ["127.0.0.1.evil.example:7433"],
  ["localhost.evil.example:7433"],
  ["127.0.0.2:7433"],
  ["127.0.0.1:7433", "evil.example"],
  ["127.0.0.1:7433", "127.0.0.1:7433"],
];
const methods = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];

/** A call under a foreign name is 421, whatever its method and credential, before anything else is looked at. */
export async function proveHostStage(handle: Handle, call: Call): Promise<void> {
  const others = call.rawHeaders.filter((_, index) => call.rawHeaders[index - (index % 2)]?.toLowerCase() !== "host");
  for (const names of foreign) {
    for (const method of methods) {
      const rawHeaders = [...names.flatMap((name) => ["Host", name]), ...others];
      const { status } = await handle({ ...call, method, rawHeaders });
      expectEqual(status, 421, `The status of ${method} under ${JSON.stringify(names)}`);
    }
  }
  expectEqual((await handle(call)).status, 200, "The status under the right name");
}
