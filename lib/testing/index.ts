/**
 * What tests of runs, executors and stores need: a clock one advances, known ids, scripted runs, a store that fails
 * when told to, and the conformance suites of the plug points.
 * @packageDocumentation
 */
export { type BlobStoreInstance, blobStoreSuite, type BlobStoreSubject } from "./blob-store-suite.js";
export { type EventBufferBounds, eventBufferSuite, type EventBufferSubject } from "./event-buffer-suite.js";
export { type EndedRun, type ExecutorFixture, executorSuite, type ExecutorSubject } from "./executor-suite.js";
export { type CommitFailure, createFaultyStore, type FaultyStore } from "./faulty-store.js";
export { createManualClock, type ManualClock } from "./manual-clock.js";
export { type FixturePane, type PaneBackendSubject, paneBackendSuite, type PaneFixture } from "./pane-backend-suite.js";
export { type ScriptedExecutorOptions, type ScriptStep, scriptedExecutor } from "./scripted-executor.js";
export { type StoreInstance, type StoreSubject } from "./store-subject.js";
export { storeSuite } from "./store-suite.js";
export { failuresOf, type Register, runSuite, type Suite, type SuiteCase, type SuiteFailure } from "./suite.js";
export { createTestHost, type LogLine, type TestHost } from "./test-host.js";
