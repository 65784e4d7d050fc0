import type { JSX } from "preact";
import { Problem } from "../parts/problem.js";
import { useWork } from "../parts/action.js";
import type { Session } from "../session.js";
import { visibleText } from "../visible-text.js";

/** Where one comes in: with a code by the link that the command prints, or with a pasted token. */
export function LoginPage({ session, reason }: { readonly session: Session; readonly reason: string | undefined }): JSX.Element {
  const work = useWork();
  const enter = async (event: { readonly currentTarget: HTMLFormElement; preventDefault(): void }): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get("token");
    await work.start(() => session.enter({ token: String(token).trim() }));
  };
  return (
    <main id="main" class="login" tabIndex={-1}>
      <h1>anode</h1>
      {reason !== undefined && (
        <p class="problem" role="alert">
          {visibleText(reason)}
        </p>
      )}
      <p>
        Run <code>anode dashboard</code> on this machine and open the address it gives you. Or paste a token; the daemon's own is in the
        file <code>token</code> of its home folder.
      </p>
      <form aria-label="Log in" onSubmit={(event) => void enter(event)}>
        <fieldset disabled={work.isOpen}>
          <div class="field wide">
            <label for="token">Token</label>
            <input id="token" name="token" type="password" required autocomplete="off" spellcheck={false} />
          </div>
          <button type="submit" class="primary">
            Log in
          </button>
        </fieldset>
        <Problem error={work.error} />
      </form>
      <p class="reason">The token stays in the memory of this page. Closing the page logs you out.</p>
    </main>
  );
}
