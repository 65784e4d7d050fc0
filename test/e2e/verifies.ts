import { test } from "vitest";
import { type CarrierName, requirements } from "./requirements.js";
import { openSubject, type Subject, type SubjectOptions } from "./subjects.js";

/** What was registered, for the test of the list's coverage: `<id> over <carrier>`. */
export function claim(id: string, carrier: CarrierName): string {
  return `${id} over ${carrier}`;
}

/**
 * Registers one test per carrier that the requirement names (or the given ones of them).
 * @throws for an id that is not a requirement, or a carrier it does not name: a proof of nothing
 */
export function verifies(
  id: string,
  body: (subject: Subject) => Promise<void>,
  { carriers, ...options }: SubjectOptions & { readonly carriers?: readonly CarrierName[] } = {},
): void {
  const requirement = requirements.find((candidate) => candidate.id === id);
  if (!requirement) throw new Error(`${id} is not a requirement.`);
  if (requirement.deferred) throw new Error(`${id} is deferred: ${requirement.deferred}`);
  const wanted = carriers ?? requirement.carriers.filter((carrier): carrier is Subject["carrier"] => !isOther(carrier));
  for (const carrier of wanted) {
    if (!requirement.carriers.includes(carrier)) throw new Error(`${id} does not name ${carrier}.`);
    if (isOther(carrier)) throw new Error(`${id} over ${carrier} is proven by verifiesWith.`);
    test(`${claim(id, carrier)}: ${requirement.behavior}`, async () => {
      const subject = await openSubject(carrier, options);
      try {
        await body(subject);
      } finally {
        await subject.close();
      }
    });
  }
}

/** Whether a carrier is none of those that one client speaks over. */
export function isOther(carrier: CarrierName): carrier is "cli" | "curl" | "mcp" {
  return carrier === "cli" || carrier === "curl" || carrier === "mcp";
}

/** Registers a test of a requirement over the command line, over curl or over MCP; over a door where there is no client of it. */
export function verifiesWith(id: string, carrier: "cli" | "curl" | "mcp" | "tcp" | "unix", body: () => Promise<void>): void {
  const requirement = requirements.find((candidate) => candidate.id === id);
  if (!requirement?.carriers.includes(carrier)) throw new Error(`${id} does not name ${carrier}.`);
  test(`${claim(id, carrier)}: ${requirement.behavior}`, body);
}
