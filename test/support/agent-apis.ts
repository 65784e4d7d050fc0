import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { AgentConfig } from "../../lib/agent/index.js";
import { type FakeModel, startFakeModel } from "./fake-model.mjs";

/** The four model APIs: the provider that speaks each, and a model of it. */
export const apis = [
  { api: "anthropic", provider: "anthropic", model: "anthropic/claude-sonnet-4-6", path: "/v1" },
  { api: "responses", provider: "openai", model: "openai/gpt-5.5", path: "/v1" },
  { api: "gemini", provider: "gemini", model: "gemini/gemini-3-pro", path: "/v1beta" },
  { api: "chat", provider: "zai", model: "zai/glm-5.1", path: "/v1" },
] as const;

/** A configuration whose providers are all at one address. */
export function configAt(url: string, more: object = {}): AgentConfig {
  return {
    providers: Object.fromEntries(apis.map(({ provider, path }) => [provider, { apiKey: "key", baseURL: `${url}${path}`, ...more }])),
  };
}

/** A fake model server that is gone when the test ends. */
export async function fakeModel(chunkDelayMs = 0): Promise<FakeModel> {
  const fake = await startFakeModel({ chunkDelayMs });
  onTestFinished(() => fake.close());
  return fake;
}

/** A server that answers as it is told, notes the bodies, and its URL. */
export async function answering(answer: (outgoing: ServerResponse) => void, bodies: string[] = []): Promise<{ readonly url: string }> {
  const server = createServer((incoming, outgoing) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (part: string) => (body += part));
    incoming.once("end", () => {
      bodies.push(body);
      answer(outgoing);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
