import { spawn } from "node:child_process";

/** How long an opener is watched: one that fails does so at once, one that is the browser itself goes on. */
const watchMs = 2_000;

/** Hands an address to the program that opens the user's browser. False where there is none, or it says that it failed. */
export function openInBrowser(address: string, env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const opener = openerOf(process.platform, env);
  if (opener === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(opener, [address], { env, stdio: "ignore", detached: true });
    const timer = setTimeout(() => resolve(true), watchMs);
    const settle = (opened: boolean): void => {
      clearTimeout(timer);
      resolve(opened);
    };
    child.once("error", () => settle(false)).once("exit", (code) => settle(code === 0));
    child.unref();
  });
}

function openerOf(platform: string, { DISPLAY, WAYLAND_DISPLAY }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (platform === "darwin") return "open";
  // Without a display it would take a browser for terminals, and this one is taken.
  return platform === "linux" && (DISPLAY || WAYLAND_DISPLAY) ? "xdg-open" : undefined;
}
