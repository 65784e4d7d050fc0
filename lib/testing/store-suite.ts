import { recordCases } from "./store-record-cases.js";
import { sharedCases } from "./store-shared-cases.js";
import { streamCases } from "./store-stream-cases.js";
import type { StoreSubject } from "./store-subject.js";
import type { Suite } from "./suite.js";

/** What every `Store` promises. */
export const storeSuite: Suite<StoreSubject> = { plugPoint: "Store", cases: [...streamCases, ...recordCases, ...sharedCases] };
