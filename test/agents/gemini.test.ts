import { proveRealAgent } from "./real-agent.js";

proveRealAgent("gemini");
