interface Place {
  readonly hash: string;
  readonly pathname: string;
  readonly search: string;
}

/** The login code in the page's address. It is taken out at once: no history, no bookmark and no copied address has it. */
export function takeLoginCode(
  location: Place,
  history: { replaceState(data: null, unused: string, url: string): void },
): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return code;
}
