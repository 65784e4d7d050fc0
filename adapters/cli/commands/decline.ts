import { firstWord, meshCommand } from "../mesh-client.js";

/** `anode decline`: closes an ask without doing what it asks. */
export const run = meshCommand(
  (client, line) => {
    const words = [...line.words, ...line.rest].slice(1);
    return client.asks.decline({ id: firstWord(line), ...(words.length > 0 && { message: words.join(" ") }) });
  },
  ({ close_reason }, _line, { output }) => output.data(`${close_reason}\n`),
);
