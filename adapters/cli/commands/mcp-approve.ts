/** `anode mcp approve`: another name of `anode mcp trust`. */
export { run } from "./mcp-trust.js";
