/** How a provider speaks. */
export type Api = "anthropic" | "responses" | "google" | "chat";
