import type { SharedSession } from "./tabs.js";

/** Exchanges a login code for a session. @throws what the daemon refuses it with */
export async function exchangeCode(origin: string, code: string): Promise<SharedSession> {
  const response = await fetch(`${origin}/dashboard/session`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ code }),
    credentials: "omit",
    cache: "no-store",
  });
  const answer = (await response.json()) as SharedSession & { readonly detail?: string };
  if (!response.ok) throw new Error(answer.detail ?? `The daemon answered ${response.status}.`);
  return answer;
}
