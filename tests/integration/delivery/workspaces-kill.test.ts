import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/**
 * A delivery's git work in a process of its own, killed again and again at growing moments and started anew until one start gets through: the
 * result must be that of the unbroken one, the repository whole, nothing half-made left.
 */
const SCRIPT = `
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
const [dataDir, projectId, deliveryId] = process.argv.slice(1);
const sandbox = { toolchain: { node: process.execPath, python: null, path: "" }, run: async () => ({ exitCode: 0 }) };
const workspaces = createWorkspaces({ dataDir, sandbox });
const { baseSha, branch } = await workspaces.prepare({ projectId, deliveryId, stack: "node", projectName: "kill" });
const trailers = { Delivery: deliveryId };
let last = baseSha;
for (const round of [1, 2, 3]) {
  await workspaces.restore(deliveryId, last);
  await workspaces.writeFile(deliveryId, { path: "src/round.js", content: "export const round = " + round + ";\\n" });
  await workspaces.snapshot(deliveryId, "round-" + round);
  const attempt = await workspaces.commitAttempt(deliveryId, { round, subject: "Round " + round, trailers });
  await workspaces.promote(deliveryId, attempt.sha);
  last = attempt.sha;
}
const { sha } = await workspaces.mergeToMain(projectId, last);
console.log(JSON.stringify({ same: sha === last, log: (await workspaces.log(projectId, branch, 10)).map((entry) => entry.subject), status: (await workspaces.workingDiff(deliveryId)).status }));
`;
const [PROJECT, DELIVERY] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
const EXPECTED = { same: true, log: ["Round 3", "Round 2", "Round 1", "Start from the node template"], status: "" };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-kill-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs the script, killed after that time if it has not ended; answers what it printed. */
async function run(dataDir: string, killAfterMs: number | null): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", SCRIPT, dataDir, PROJECT, DELIVERY], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  await once(child, "close");
  clearTimeout(timer);
  if (killAfterMs === null && output === "") throw new Error(errors);
  return output;
}

test("killed at any moment and started again, it ends like the unbroken one", async () => {
  const dataDir = join(root, "killed");
  const began = performance.now();
  expect(JSON.parse(await run(join(root, "unbroken"), null))).toEqual(EXPECTED);
  const whole = performance.now() - began;
  const moments = Array.from({ length: 14 }, (_, index) => (whole * (index + 1)) / 15);
  for (const moment of moments) await run(dataDir, moment);
  expect(JSON.parse(await run(dataDir, null))).toEqual(EXPECTED);
  const repository = join(dataDir, "projects", PROJECT, "repo.git");
  const gitIn = (...args: string[]): string =>
    execFileSync("git", ["-c", "safe.directory=*", "--git-dir", repository, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(gitIn("fsck", "--full")).not.toMatch(/error|missing|broken/);
  const tree = (path: string): string =>
    execFileSync("git", ["-c", "safe.directory=*", "--git-dir", join(root, path, "projects", PROJECT, "repo.git"), "rev-parse", "main^{tree}"], {
      encoding: "utf8",
    });
  expect(tree("killed")).toBe(tree("unbroken"));
});
