import { isObject } from "../../../lib/plain-object.js";

/** What a runtime tells of itself on a hook's standard input: an object whose members are anything. */
export class Told {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /** A text that is there and not blank, cut to so many characters. */
  text(name: string, limit = 256): string | undefined {
    const value = this.#fields[name];
    return typeof value === "string" && value.trim() !== "" ? value.toWellFormed().slice(0, limit) : undefined;
  }

  /** Only what is exactly true. */
  is(name: string): boolean {
    return this.#fields[name] === true;
  }
}

const limitBytes = 32 * 1024 * 1024;

/** Reads what was told. @throws Error saying what else it is */
export async function readTold(stdin: AsyncIterable<Uint8Array | string>): Promise<Told> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk as Uint8Array);
    bytes += piece.length;
    if (bytes > limitBytes) throw new Error(`Standard input must be at most ${limitBytes / 1024 / 1024} MiB.`);
    chunks.push(piece);
  }
  const value = parse(Buffer.concat(chunks).toString("utf8"));
  if (!isObject(value)) throw new Error("Standard input must be one JSON object.");
  return new Told(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Standard input must be JSON: ${(error as Error).message}.`, { cause: error });
  }
}
