import { provePaneAgent } from "./pane-agent.js";

provePaneAgent("claude-code");
