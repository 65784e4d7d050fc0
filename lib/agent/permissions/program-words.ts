import { unwrap } from "./shell/unwrap.js";
import type { SimpleCommand } from "./shell/words.js";

/** Programs whose first word says what they do. */
const families = new Set(
  (
    "git npm pnpm yarn bun deno cargo go docker podman kubectl terraform systemctl gh glab pip pip3 uv poetry apt apt-get brew dotnet mvn gradle " +
    "make just task rake bundle composer helm aws gcloud az npx pnpx"
  ).split(" "),
);

/**
 * The words that say what a command does: the program and, where that has many trades, its subcommand (`git diff`).
 * `undefined` for a command that cannot be told by them: behind a wrapper, with assignments, redirections or expansions.
 */
export function programWords(command: SimpleCommand): string | undefined {
  const { program, args, wrappers } = unwrap(command.words);
  const [first, second] = command.words;
  if (!program || wrappers.length > 0 || command.assignments.length > 0 || command.redirections.length > 0) return undefined;
  // What stands in the text must be what is meant, or the words of a rule would not match it.
  if (!first || first.raw !== first.value || !/^[\w./+-]+$/.test(first.value)) return undefined;
  if (!families.has(program)) return first.value;
  if (!second || args.length === 0) return first.value;
  const isPlain = second.raw === second.value && !second.expands && /^[A-Za-z][\w:.-]*$/.test(second.value);
  return isPlain ? `${first.value} ${second.value}` : undefined;
}
