import { proveRealAgent } from "./real-agent.js";

proveRealAgent("claude");
