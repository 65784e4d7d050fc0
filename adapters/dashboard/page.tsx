import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { openApp } from "./app.js";
import { AsksPage } from "./pages/asks.js";
import { FeedPage } from "./pages/feed.js";
import { HealthPage } from "./pages/health.js";
import { LoginPage } from "./pages/login.js";
import { PeerPage } from "./pages/peer.js";
import { PeersPage } from "./pages/peers.js";
import { QuestionsPage } from "./pages/questions.js";
import { RunPage } from "./pages/run.js";
import { RunsPage } from "./pages/runs.js";
import { TracePage } from "./pages/trace.js";
import { Shell } from "./parts/shell.js";
import { parseRoute, type Route } from "./route.js";
import type { Session, SessionState } from "./session.js";
import { AppContext, useCell } from "./use.js";

/** The whole page: the login, or the place that the address names. */
export function Page({ session }: { readonly session: Session }): JSX.Element {
  const state = useCell(session.state);
  if (state.phase === "starting") return <main aria-busy="true">…</main>;
  if (state.phase === "out") return <LoginPage session={session} reason={state.reason} />;
  return <LoggedIn session={session} state={state} />;
}

function LoggedIn({ session, state }: { readonly session: Session; readonly state: SessionState & { readonly phase: "in" } }): JSX.Element {
  const app = useMemo(() => openApp(session, state.client, state.self), [session, state]);
  useEffect(() => () => app.close(), [app]);
  const route = useRoute();
  return (
    <AppContext.Provider value={app}>
      <Shell route={route}>
        <Place key={`${route.page} ${route.id ?? ""}`} route={route} />
      </Shell>
    </AppContext.Provider>
  );
}

function Place({ route: { page, id = "" } }: { readonly route: Route }): JSX.Element {
  switch (page) {
    case "runs":
      return <RunsPage />;
    case "run":
      return <RunPage id={id} />;
    case "questions":
      return <QuestionsPage />;
    case "peers":
      return <PeersPage />;
    case "peer":
      return <PeerPage id={id} />;
    case "asks":
      return <AsksPage />;
    case "trace":
      return <TracePage id={id} />;
    case "feed":
      return <FeedPage />;
    case "health":
      return <HealthPage />;
  }
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(window.location.hash));
  useEffect(() => {
    const take = (): void => setRoute(parseRoute(window.location.hash));
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  return route;
}
