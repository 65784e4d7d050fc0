const offered = "sec-websocket-protocol";
const bearer = /^bearer\.([\w.~+/=-]+)$/;

/**
 * The headers of an upgrade with its credential where every credential is: a page cannot set `Authorization` on a WebSocket and
 * offers a protocol `bearer.<token>` instead. Given in both ways they are two credentials, which the gate refuses.
 */
export function withBearer(rawHeaders: readonly string[]): readonly string[] {
  const headers: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] as string, rawHeaders[i + 1] as string];
    if (name.toLowerCase() !== offered) {
      headers.push(name, value);
      continue;
    }
    const protocols = value.split(",").map((text) => text.trim());
    const tokens = protocols.flatMap((text) => bearer.exec(text)?.[1] ?? []);
    const others = protocols.filter((text) => !bearer.test(text));
    if (others.length > 0) headers.push(name, others.join(", "));
    for (const token of tokens) headers.push("Authorization", `Bearer ${token}`);
  }
  return headers;
}
