// A part of the daemon's door that is loaded when it is needed, without the daemon.
export { detachDaemon } from "../daemon/index.js";
