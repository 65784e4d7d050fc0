/** `anode exec`: another name of `anode execute`. */
export { run } from "./execute.js";
