import { expect } from "vitest";

/** Demands that the proof fails over its mutant, and for that very bug: it says what `complaint` matches. Names both when not. */
export async function expectCaught(mutant: string, proof: () => Promise<unknown>, complaint: RegExp): Promise<void> {
  const said = await proof().then(() => "nothing, it passed", textOf);
  expect(said, `what the proof says over a part that ${mutant}`).toMatch(complaint);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${textOf(error.cause)}`;
}
