const redirectLimit = 3;

/** `fetch` that follows redirects within one origin only, so that headers with secrets never leave it. */
export async function sameOriginFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  let at = new URL(url);
  for (let hop = 0; ; hop += 1) {
    const response = await fetch(at, { ...init, redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, at);
    if (next.origin !== at.origin) throw new Error(`it redirects to another origin, ${next.origin}`);
    const keepsMethod = response.status === 307 || response.status === 308 || !init?.method || init.method === "GET";
    if (hop >= redirectLimit || !keepsMethod)
      throw new Error(`it redirects ${hop >= redirectLimit ? "too often" : "a request that cannot be repeated"}`);
    at = next;
  }
}
