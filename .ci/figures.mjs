// Sums the JSON report of the test runner into one line: "N passed, N failed[, N skipped]".
import { readFileSync } from "node:fs";

const report = read(process.argv[2]);
if (report) {
  // A file that could not be loaded has no failed test of its own, and counts as one.
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failed = report.numFailedTests + unloaded.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  if (failed > 0 || report.numPassedTests === 0) process.exitCode = 1;
} else {
  console.log("the test runner left no report: nothing is known to have passed");
  process.exitCode = 1;
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
