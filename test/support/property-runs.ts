/** How often a property is tried: so often in every run, ten times as often in the long form. */
export function propertyRuns(short: number): number {
  return process.env["ANODE_TEST_LONG"] ? 10 * short : short;
}
