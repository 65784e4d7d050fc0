// Installs the real agents that are not there yet, one after the other: all of them, or those that are named.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentPackages, agentsFolder, binFolder, type RealAgentName } from "./agent-packages.js";

const wanted = process.argv.slice(2);
for (const [name, { install, command }] of Object.entries(agentPackages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (existsSync(join(binFolder(name as RealAgentName), command))) continue;
  const folder = join(agentsFolder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  console.log(`installing ${install} into ${folder}`);
  execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", install], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
}
