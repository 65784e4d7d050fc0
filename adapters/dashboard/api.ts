import type { OperationOutput } from "../../lib/contract/schemas.js";
import type { Carrier, CarrierReply } from "../client/carrier.js";
import { clientOver } from "../client/client.js";
import type { Client } from "../client/client-types.js";
import { bytesOf } from "../client/carrier.js";
import { webCarrier } from "./web-carrier.js";

/** What the page's calls tell beside their answers. */
export interface ApiListeners {
  /** The credential does not hold any more; in the daemon's words. */
  refused(detail: string): void;
  /** A stream of this operation is open. */
  opened(operation: string): void;
}

/** The contract of the daemon that served this page, called with a token. */
export function openApi(base: string, token: string, listeners: ApiListeners): Client {
  return clientOver(watched(webCarrier(base), listeners), {
    token,
    onResponse: ({ operation, status }) => void (status === 200 && listeners.opened(operation)),
  });
}

/** Exchanges a login code for a session. @throws what the daemon refuses it with */
export async function exchangeCode(base: string, code: string): Promise<OperationOutput<"dashboard.session">> {
  return clientOver(webCarrier(base)).dashboard.session({ code });
}

/** Hears refusals of the credential, whichever call meets them. */
function watched(carrier: Carrier, { refused }: ApiListeners): Carrier {
  return {
    ...carrier,
    async send(call) {
      const reply = await carrier.send(call);
      if (reply.status !== 401) return reply;
      const text = await textOf(reply);
      refused(detailOf(text));
      return { ...reply, body: bytesOf(text) };
    },
  };
}

async function textOf({ body }: CarrierReply): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly detail?: unknown }).detail ?? "");
  } catch {
    return "";
  }
}
