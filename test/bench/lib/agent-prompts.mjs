/** So many words to say. */
export function words(count) {
  return Array.from({ length: count }, (_, n) => `word${n}`).join(" ");
}

/** A request for one turn of the model that says so many words, a chunk a word. */
export function sayRequest(count) {
  return { prompt: `#script! say ${words(count)}`, profile: "quick", model: "openai/gpt-5.5", tools: ["glob"] };
}

/** The configuration that points the agent at a model server. */
export function modelConfig(url) {
  return { providers: { openai: { apiKey: "key", baseURL: `${url}/v1` } } };
}
