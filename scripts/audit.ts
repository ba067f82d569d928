/**
 * Known holes in what we depend on at run time, high and critical ones, as the registry tells them. Fails on one. Where the registry cannot be
 * asked (offline, a mirror without advisories) it says that nothing was looked at, and does not fail: that says nothing about the dependencies.
 */
import { spawnSync } from "node:child_process";

/** What `npm audit --json` prints, as far as it is read here; on a failure to ask there is no `vulnerabilities`. */
interface AuditReport {
  vulnerabilities?: Record<string, { severity: string; range: string; fixAvailable: unknown; via: (string | { title?: string; url?: string })[] }>;
  message?: string;
}

const FAILING = new Set(["high", "critical"]);

function askNpm(): AuditReport {
  // under npm the same npm is used; outside, the one on PATH
  const { npm_execpath: path } = process.env;
  const [command, ...before] = path === undefined ? ["npm"] : [process.execPath, path];
  const { stdout, error } = spawnSync(command ?? "npm", [...before, "audit", "--omit=dev", "--json"], {
    encoding: "utf8",
    timeout: 120_000,
    maxBuffer: 64 << 20,
  });
  if (error !== undefined) return { message: error.message };
  try {
    return JSON.parse(stdout) as AuditReport;
  } catch {
    return { message: `npm printed no report: ${stdout.slice(0, 200)}` };
  }
}

const { vulnerabilities, message } = askNpm();
if (vulnerabilities === undefined) {
  console.log(`audit: skipped, nothing was looked at: the registry gives no advisories (${message ?? "no reason given"})`);
  process.exit(0);
}
const found = Object.entries(vulnerabilities).filter(([, { severity }]) => FAILING.has(severity));
for (const [name, { severity, range, via, fixAvailable }] of found) {
  const why = via.map((one) => (typeof one === "string" ? `through ${one}` : `${one.title ?? ""} ${one.url ?? ""}`.trim())).join("; ");
  console.log(`${severity}: ${name} ${range}: ${why}${fixAvailable === false ? "" : " (a fix is there)"}`);
}
console.log(
  found.length === 0
    ? `audit: nothing high or critical in what runs in production (${Object.keys(vulnerabilities).length} lesser)`
    : `audit: ${found.length} to mend; raise them, or what brings them`,
);
process.exit(found.length === 0 ? 0 : 1);
