import { provePaneAgent } from "./pane-agent.js";

provePaneAgent("opencode");
