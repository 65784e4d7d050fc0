import type { Call, Handle } from "../../../adapters/http/call.js";

/** Gates without one of their stages: each hands the right one a call that passes there. */
export const wrongGates: Readonly<Record<string, (right: Handle) => Handle>> = {
  "has no Host stage": (right) => (call) => right(withHeader(call, "host", call.door.hosts[0])),
  "knows Host names by their beginning": (right) => (call) => {
    const name = headerOf(call, "host");
    const known = call.door.hosts.find((host) => name?.startsWith(host.replace(/:\d+$/, "")));
    return right(known === undefined ? call : withHeader(call, "host", known));
  },
};

function headerOf(call: Call, name: string): string | undefined {
  const at = call.rawHeaders.findIndex((value, index) => index % 2 === 0 && value.toLowerCase() === name);
  return at < 0 ? undefined : call.rawHeaders[at + 1];
}

/** The call with exactly one header of the name. */
function withHeader(call: Call, name: string, value = ""): Call {
  const others = call.rawHeaders.filter((_, index) => call.rawHeaders[index - (index % 2)]?.toLowerCase() !== name);
  return { ...call, rawHeaders: [name, value, ...others] };
}
