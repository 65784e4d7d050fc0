/** A session as another tab may have it: its token never leaves the memory of pages of this origin. */
export interface SharedSession {
  readonly token: string;
  readonly expires_at?: string;
}

type Word = { readonly kind: "ask" } | { readonly kind: "give"; readonly session: SharedSession } | { readonly kind: "out" };

/** The open tabs of this page. */
export interface Tabs {
  /** The session of an open tab, if there is one. */
  ask(waitMs: number): Promise<SharedSession | undefined>;
  /** Says to all that the session is over. */
  out(): void;
}

/** Joins the other tabs of a page at this base: gives them our session when they ask, and hears when it is over. */
export function joinTabs(base: string, current: () => SharedSession | undefined, onOut: () => void): Tabs {
  const channel = new BroadcastChannel(`anode-dashboard ${base}`);
  let given: ((session: SharedSession) => void) | undefined;
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    const session = current();
    if (data.kind === "ask" && session) channel.postMessage({ kind: "give", session } satisfies Word);
    if (data.kind === "give") given?.(data.session);
    if (data.kind === "out") onOut();
  };
  return {
    async ask(waitMs) {
      const { promise, resolve } = Promise.withResolvers<SharedSession | undefined>();
      given = resolve;
      channel.postMessage({ kind: "ask" } satisfies Word);
      const timer = setTimeout(() => resolve(undefined), waitMs);
      const session = await promise;
      clearTimeout(timer);
      given = undefined;
      return session;
    },
    out: () => channel.postMessage({ kind: "out" } satisfies Word),
  };
}
