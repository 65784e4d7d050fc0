import { misuse } from "./command-line.js";

/** The longest prompt the contract takes. */
const limitBytes = 524_288;

/**
 * The prompt from standard input, verbatim.
 * @param missing - what to say where no prompt can come from there
 * @throws `invalid_request` at a terminal, and for a prompt that is blank, too long or not UTF-8
 */
export async function readPrompt(stdin: NodeJS.ReadStream, missing: string): Promise<string> {
  if (stdin.isTTY) throw misuse(missing);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += (chunk as Uint8Array).length;
    if (bytes > limitBytes) throw misuse(`The prompt on standard input must be at most ${limitBytes / 1024} KiB.`);
  }
  const prompt = decode(Buffer.concat(chunks));
  if (prompt.trim() === "") throw misuse(`${missing} Standard input holds none.`);
  return prompt;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw misuse(`The prompt on standard input must be UTF-8: ${(error as Error).message}`);
  }
}
