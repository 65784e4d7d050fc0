export { applicationId, migrations } from "./sqlite/sqlite-schema.js";
export { isSafeSqlite } from "./sqlite/sqlite-version.js";
