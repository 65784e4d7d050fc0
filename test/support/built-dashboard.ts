import { fileURLToPath } from "node:url";

/** What the build made of the dashboard. */
export const builtDashboard = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));
