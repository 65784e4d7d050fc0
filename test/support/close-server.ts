import { once } from "node:events";
import type { Server } from "node:http";

/** Closes a server and whatever is still connected to it. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.closeAllConnections();
  server.close();
  await closed;
}
