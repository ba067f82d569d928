import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { portLeases } from "../../../src/db/schema/releases.ts";
import type { DeployOutcome } from "../../../src/ports/releases.ts";
import { ensureSupervisor } from "../../../src/delivery/supervisor/ensure.ts";
import { isRunning } from "../../../src/delivery/supervisor/process-identity.ts";
import { deployableProject } from "../../helpers/deployable.ts";
import { deliveryWorld, until } from "../../helpers/delivery-world.ts";
import { ask } from "../../helpers/load.ts";

const world = deliveryWorld();
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? 4);

/** Small and repeatable (mulberry32): a failing seed can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function kill9(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

test("kills of server and supervisor at random moments end like an unbroken deployment", { timeout: 60_000 + ROUNDS * 60_000 }, async () => {
  const project = await deployableProject(world.database, world.dataDir);
  const script = join(import.meta.dirname, "../../helpers/deploy-process.ts");
  for (let round = 1; round <= ROUNDS; round += 1) {
    const next = random(round);
    const request = await project.commit({ fixture: "healthy.js" });
    const argument = JSON.stringify({ url: world.database.url, dataDir: world.dataDir, request });
    let outcome: DeployOutcome | null = null;
    for (let attempt = 0; outcome === null; attempt += 1) {
      const server = spawn(process.execPath, [script, argument], { stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      server.stdout.on("data", (piece: Buffer) => (text += piece.toString("utf8")));
      const ended = new Promise<number | null>((resolve) => server.on("close", resolve));
      // kills become rarer, so that it ends; they fall anywhere in the two seconds or so that a deployment takes
      if (attempt < 3) {
        await Promise.race([ended, pause(next() * 2_000)]);
        const victim = next() < 0.5 ? server.pid : await world.supervisorPid();
        if (victim) kill9(victim);
      }
      if ((await ended) === 0) outcome = JSON.parse(text) as DeployOutcome;
    }
    // killed when the deployment was over: nobody needed the next one until now
    await ensureSupervisor({ dataDir: world.dataDir, proxyPort: 0 });
    expect(outcome, `round ${round}`).toMatchObject({ status: "live", release: { number: round } });
    const port = world.releases({ watchMs: 0 }).forOwner("local");
    const status = await until(async () => {
      const now = await port.status(project.id);
      return now.releases.every((one) => one.status === "live" || one.status === "retired") ? now : null;
    });
    expect(status.releases.map((one) => one.status)).toEqual(["live", ...Array.from({ length: round - 1 }, () => "retired")]);
    for (const release of status.releases.slice(1)) expect(await world.processes(release.id), `release ${release.number}`).toEqual([]);
    const slot = await world.slot(outcome.release.id);
    expect(slot?.process && (await isRunning(slot.process))).toBe(true);
    expect((await ask({ port: await world.proxyPort(), host: `${project.slug}.localhost` })).body).toBe(outcome.release.id);
    const leases = await world.database.drizzle.select().from(portLeases);
    expect(leases.map((lease) => lease.releaseId)).toContain(outcome.release.id);
    expect(leases.length).toBeLessThanOrEqual(2);
  }
});
