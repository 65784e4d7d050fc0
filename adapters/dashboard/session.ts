import type { OperationOutput } from "../../lib/contract/schemas.js";
import { messageOf } from "../../lib/thrown.js";
import type { Client } from "../client/client-types.js";
import { type ApiListeners, exchangeCode, openApi } from "./api.js";
import { type Cell, cell } from "./cell.js";
import { joinTabs, type SharedSession } from "./tabs.js";

/** Who the token says that the page is. */
export type Self = OperationOutput<"auth.self">;

/** Whether somebody is logged in. */
export type SessionState =
  | { readonly phase: "starting" }
  | { readonly phase: "out"; readonly reason?: string }
  | { readonly phase: "in"; readonly client: Client; readonly self: Self };

/** The session of this tab. The token is held here, in memory, and nowhere else. */
export interface Session {
  readonly state: Cell<SessionState>;
  /** Called when a stream opens, with the name of its operation. */
  onOpened: (operation: string) => void;
  /** Logs in with a login code, else with the session of another tab. */
  start(code: string | undefined): Promise<void>;
  /** Logs in with a pasted token. @throws what the daemon refuses it with */
  enter(shared: SharedSession): Promise<void>;
  /** Forgets the token, here and in the other tabs. */
  leave(): Promise<void>;
}

const otherTabMs = 400;

/** Makes the session; nobody is logged in yet. */
export function createSession(base: string): Session {
  const state = cell<SessionState>({ phase: "starting" });
  let current: SharedSession | undefined;
  let expiry: ReturnType<typeof setTimeout> | undefined;
  const tabs = joinTabs(
    base,
    () => current,
    () => end("Another tab logged out."),
  );

  function end(reason?: string): void {
    clearTimeout(expiry);
    const was = state.get();
    current = undefined;
    state.set({ phase: "out", ...(reason !== undefined && { reason }) });
    if (was.phase === "in") void was.client.close();
  }

  async function enter(shared: SharedSession): Promise<void> {
    let refusal = "";
    const listeners: ApiListeners = {
      refused: (detail) => (current === shared ? end(`Logged out: ${detail || "the token does not hold any more."}`) : (refusal = detail)),
      opened: (operation) => session.onOpened(operation),
    };
    const client = openApi(base, shared.token, listeners);
    try {
      const self = await client.auth.self();
      current = shared;
      const ends = self.expires_at ?? shared.expires_at;
      if (ends !== undefined)
        expiry = setTimeout(() => end("Logged out: the token has expired."), Math.min(Date.parse(ends) - Date.now(), 2 ** 31 - 1));
      state.set({ phase: "in", client, self });
    } catch (error) {
      void client.close();
      throw refusal ? new Error(refusal) : error;
    }
  }

  const session: Session = {
    state,
    onOpened: () => {},
    enter,
    async start(code) {
      try {
        const shared = code === undefined ? await tabs.ask(otherTabMs) : await exchangeCode(base, code);
        if (shared) await enter(shared);
        else end();
      } catch (error) {
        end(messageOf(error));
      }
    },
    async leave() {
      const was = state.get();
      tabs.out();
      // The daemon's first token is no session: it goes on, and is only forgotten here.
      if (was.phase === "in" && was.self.kind === "token") await was.client.auth.logout().catch(() => {});
      end("You logged out.");
    },
  };
  return session;
}
