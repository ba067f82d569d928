/**
 * Releases: from an approved, tested commit to a process that answers, and back.
 *
 *   deploy   release row (one per approval) -> directory at the commit -> port lease -> supervisor: start, gate, switch, smoke -> row
 *
 * Each step finds what an earlier attempt left, so after a kill the same call goes on: the row by its approval, the directory by its
 * name, the port by its lease, the process by the operation's name in the supervisor's memory. What happens after `deploy` has
 * answered (drain, watch, automatic rollback) is the supervisor's, also while no server runs; a server writes it down when it sees it.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eq, inArray } from "drizzle-orm";
import { AppError } from "#errors";
import type { Log } from "#log";
import type { Database } from "#db/client.ts";
import { projects } from "#db/schema/projects.ts";
import { releases } from "#db/schema/releases.ts";
import type { Project } from "#ports/projects.ts";
import type { DeployOutcome, DeployRequest, HealthEvidence, ReleasesPort, ServiceStatus } from "#ports/releases.ts";
import { leasePort } from "./ports-lease.ts";
import { findProject, toProject } from "./projects.ts";
import { missingDependencies } from "./releases-dependencies.ts";
import { ensureReleaseDirectory, isBeingMade, resolveCommit } from "./releases-directory.ts";
import { buildLaunch, COMPUTED_NAMES } from "./releases-launch.ts";
import { appPaths, releaseName, repositoryPath } from "./releases-paths.ts";
import { openReleaseRow, releaseOfApproval, releaseRows, requireGreenReport, toRelease, type ReleaseRow } from "./releases-rows.ts";
import { writeDownStatus } from "./releases-sync.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { SecretVault } from "./secrets.ts";
import { isConnectionLost } from "./supervisor/client.ts";
import { ensureSupervisor, findSupervisor, type SupervisorHandle } from "./supervisor/ensure.ts";
import { readTail } from "./supervisor/log-tail.ts";
import { Outcome, Timing, type Launch, type Status } from "./supervisor/protocol.ts";
import { createTurns } from "./supervisor/turns.ts";

export interface ReleasesOptions {
  database: Database;
  dataDir: string;
  /** Where the proxy should listen; undefined: 2080 or the next free port. */
  proxyPort?: number | undefined;
  vault: SecretVault;
  sandbox: Sandbox;
  log: Log;
  /** Limits of the gate, the watch and the drain; the defaults are in `supervisor/protocol.ts`. */
  timing?: Partial<Timing>;
}

export interface Releases {
  forOwner(owner: string): ReleasesPort;
  /**
   * Keeps a supervisor running for as long as something is deployed: a killed one is replaced at once, told again how to start its
   * releases, and what it did is written down. Disposing it leaves supervisor and apps running.
   */
  superviseSupervisor(): AsyncDisposable;
}

const RETAINED = 5;
const RECONNECTS = 50;
const IDLE_MS = 1_000;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function createReleases(options: ReleasesOptions): Releases {
  const { database, dataDir, vault, sandbox, log } = options;
  const { drizzle } = database;
  const timing = Timing.parse(options.timing ?? {});
  const writeDown = createTurns();

  async function sync(status: Status): Promise<void> {
    await writeDown(() => writeDownStatus(database, status));
  }

  async function launchOf(row: ReleaseRow, slug: string, port: number): Promise<Launch> {
    return buildLaunch({ row, port, slug, dataDir, sandbox, vault });
  }

  /** Tells a supervisor what only servers know: how to start the releases that it may have to start. */
  async function feed(handle: SupervisorHandle, status: Status): Promise<void> {
    const launches: Record<string, Launch> = {};
    for (const app of status.apps) {
      for (const slot of app.slots) {
        const needed = slot.phase === "starting" || slot.releaseId === app.serving || slot.releaseId === app.previous;
        if (!needed || status.launches.includes(slot.releaseId)) continue;
        const [row] = await drizzle.select().from(releases).where(eq(releases.id, slot.releaseId));
        try {
          if (row) launches[slot.releaseId] = await launchOf(row, app.slug, slot.port);
        } catch (error) {
          log.error({ release: slot.releaseId, error: String(error) }, "a running release could not be started again if it ended");
        }
      }
    }
    if (Object.keys(launches).length > 0) await handle.client.feed(launches);
  }

  async function connect(): Promise<SupervisorHandle> {
    const handle = await ensureSupervisor({ dataDir, proxyPort: options.proxyPort });
    await feed(handle, await handle.client.status());
    return handle;
  }

  /** Calls the supervisor; one that dies meanwhile is replaced and asked again. */
  async function ask<T>(call: (handle: SupervisorHandle) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        return await unlessAborted(connect().then(call), signal);
      } catch (error) {
        if (!isConnectionLost(error) || attempt >= RECONNECTS) throw error;
        await sleep(20);
      }
    }
  }

  async function serviceStatus(project: Project, known?: Status): Promise<ServiceStatus> {
    const handle = known ? null : await findSupervisor(dataDir);
    const status = known ?? (await handle?.client.status().catch(() => null)) ?? null;
    if (status) await sync(status);
    const rows = await releaseRows(database, project.id);
    const app = status?.apps.find((one) => one.slug === project.slug);
    const slot = app?.slots.find((one) => one.releaseId === app.serving && one.phase !== "crashed");
    const serving = rows.find((row) => (status ? row.id === slot?.releaseId : row.status === "live"));
    const target = rows.find((row) => (row.status === "retired" || row.status === "draining") && (serving === undefined || row.number < serving.number));
    return {
      projectId: project.id,
      url: serving && status ? `http://${project.slug}.localhost:${status.proxyPort}` : null,
      directUrl: serving && status && slot ? `http://127.0.0.1:${slot.port}` : null,
      serving: serving ? toRelease(serving) : null,
      rollbackTarget: target ? toRelease(target) : null,
      releases: rows.map(toRelease),
    };
  }

  async function outcomeOf(project: Project, releaseId: string, outcome: Outcome): Promise<DeployOutcome> {
    const service = await serviceStatus(project);
    const release = service.releases.find((one) => one.id === releaseId);
    if (!release) throw new AppError("not_found", "The release is gone.");
    const { status, evidence } = outcome;
    return {
      status,
      release,
      url: service.url,
      directUrl: service.directUrl,
      serving: service.serving,
      evidence,
      logTail: await vault.mask(outcome.logTail, project.id),
    };
  }

  /** Directory, port, process, gate, switch. The same operation again goes on where it stands. */
  async function bringUp(project: Project, row: ReleaseRow, operation: string, preface: HealthEvidence[], signal?: AbortSignal): Promise<DeployOutcome> {
    const paths = appPaths(dataDir, project.slug);
    const directory = join(paths.releases, releaseName(row));
    const port = await leasePort(database, row.id);
    await drizzle.update(releases).set({ port }).where(eq(releases.id, row.id));
    const { id, number, commitSha: sha, startCommand: command, healthPath: health } = row;
    const configuration = [...Object.keys(row.publicEnvironment), ...row.secretReferences].toSorted();
    const manifest = { id, number, sha, report_id: row.reportId, approval_id: row.approvalId, command, health, port, configuration };
    await ensureReleaseDirectory({ repository: repositoryPath(dataDir, project.id), directory, commitSha: sha, manifest });
    const launch = await launchOf(row, project.slug, port);
    const logFile = join(paths.logs, `${number}.log`);
    const identity = { slug: project.slug, projectId: project.id, releaseId: id, number, sha };
    const outcome = await ask(({ client }) => client.activate({ ...identity, port, healthPath: health, logFile, operation, timing, launch, preface }), signal);
    const hint = outcome.status === "live" ? null : missingDependencies(directory);
    if (hint !== null) outcome.evidence.push({ phase: "process", ok: false, message: hint });
    await sync(await ask(({ client }) => client.status()));
    await prune(project);
    return outcomeOf(project, id, outcome);
  }

  /** Removes directories of old releases: never the serving one's or its predecessor's. */
  async function prune(project: Project): Promise<void> {
    const { serving, rollbackTarget, releases: all } = await serviceStatus(project);
    const kept = new Set(
      [
        serving,
        rollbackTarget,
        ...all.filter((one) => one.status === "starting" || one.status === "live" || one.status === "draining"),
        ...all.slice(0, RETAINED),
      ].flatMap((one) => (one ? [releaseName(one)] : [])),
    );
    const folder = appPaths(dataDir, project.slug).releases;
    for (const name of await readdir(folder).catch(() => [])) {
      if (!kept.has(name) && !isBeingMade(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  async function deploy(owner: string, request: DeployRequest): Promise<DeployOutcome> {
    request.signal?.throwIfAborted();
    const project = await findProject(database, owner, request.projectId);
    requireUsable(request);
    const known = await releaseOfApproval(database, request.approvalId);
    if (known && known.projectId !== project.id) throw new AppError("conflict", "This approval was given for another project.");
    const told = known?.status === "starting" ? null : Outcome.safeParse(known?.outcome);
    if (known && told?.success) return outcomeOf(project, known.id, told.data);
    return bringUp(project, known ?? (await openRow(owner, project, request)), `deploy:${request.approvalId}`, [], request.signal);
  }

  async function openRow(owner: string, project: Project, request: DeployRequest): Promise<ReleaseRow> {
    const commitSha = await resolveCommit(repositoryPath(dataDir, project.id), request.commitSha);
    await requireGreenReport(database, { ...request, commitSha });
    const names = request.secretNames.filter((name) => !COMPUTED_NAMES.includes(name));
    const { present, missing } = await vault.forOwner(owner).references(project.id, names);
    if (missing.length > 0)
      throw new AppError("secret_missing", `Not deployed: ${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} no value yet.`, {
        details: { missing },
      });
    return openReleaseRow(
      database,
      { ...request, commitSha },
      present.map((one) => one.reference),
    );
  }

  async function rollback(owner: string, projectId: string, input: { releaseId?: string; reason: string }): Promise<DeployOutcome> {
    const project = await findProject(database, owner, projectId);
    const before = await serviceStatus(project);
    const wanted = input.releaseId ?? before.rollbackTarget?.id;
    if (wanted === undefined) throw new AppError("conflict", "There is no earlier healthy release to go back to.");
    const row = (await releaseRows(database, projectId)).find((one) => one.id === wanted);
    if (!row) throw new AppError("not_found", "This project has no such release.");
    if (row.status === "starting") throw new AppError("conflict", "This release is still being started.");
    const outcome = await bringUp(project, row, `rollback:${randomUUID()}`, [
      { phase: "rollback", ok: true, message: `Back to release ${row.number}: ${input.reason}` },
    ]);
    if (outcome.status === "live" && before.serving && before.serving.id !== row.id && before.serving.number > row.number) {
      await drizzle.update(releases).set({ status: "rolled_back" }).where(eq(releases.id, before.serving.id));
      return outcomeOf(project, row.id, { ...outcome, serving: row.id });
    }
    return outcome;
  }

  /** Deployed according to the database, unknown to the supervisor (its memory was lost): brought back. Only where the repository is. */
  async function bringBackLost(status: Status): Promise<void> {
    const rows = await drizzle
      .select({ release: releases, project: projects })
      .from(releases)
      .innerJoin(projects, eq(projects.id, releases.projectId))
      .where(inArray(releases.status, ["live"]));
    for (const { release, project } of rows) {
      const known = status.apps.find((app) => app.slug === project.slug)?.slots.some((slot) => slot.releaseId === release.id);
      if (known || !existsSync(repositoryPath(dataDir, project.id))) continue;
      log.warn({ app: project.slug, release: release.id }, "bringing back a release that the supervisor does not know");
      await bringUp(toProject(project), release, `restore:${randomUUID()}`, []);
    }
  }

  async function anythingDeployed(): Promise<boolean> {
    const rows = await drizzle
      .select({ projectId: releases.projectId })
      .from(releases)
      .where(inArray(releases.status, ["live", "starting", "draining"]));
    return rows.some((row) => existsSync(repositoryPath(dataDir, row.projectId)));
  }

  async function superviseOnce(signal: AbortSignal): Promise<void> {
    let handle = await findSupervisor(dataDir);
    if (!handle && !(await anythingDeployed())) {
      await sleep(IDLE_MS, undefined, { signal });
      return;
    }
    handle = await connect();
    void bringBackLost(await handle.client.status()).catch((error: unknown) => log.error({ error: String(error) }, "a lost release could not be brought back"));
    for await (const status of handle.client.events(signal)) {
      await feed(handle, status);
      await sync(status);
    }
  }

  return {
    forOwner: (owner) => ({
      deploy: (request) => deploy(owner, request),
      rollback: (projectId, input) => rollback(owner, projectId, input),
      async undeploy(projectId) {
        const project = await findProject(database, owner, projectId);
        const status = await ask(({ client }) => client.undeploy(project.slug));
        return serviceStatus(project, status);
      },
      status: async (projectId) => serviceStatus(await findProject(database, owner, projectId)),
      async logs(projectId, { lines }) {
        const project = await findProject(database, owner, projectId);
        const service = await serviceStatus(project);
        const release = service.serving ?? service.releases[0];
        if (!release) return "";
        const text = readTail(join(appPaths(dataDir, project.slug).logs, `${release.number}.log`), Math.max(1, lines) * 500);
        return vault.mask(
          text
            .split("\n")
            .slice(-Math.max(1, lines) - 1)
            .join("\n"),
          project.id,
        );
      },
    }),

    superviseSupervisor() {
      const stop = new AbortController();
      const loop = (async () => {
        while (!stop.signal.aborted) {
          try {
            await superviseOnce(stop.signal);
          } catch (error) {
            if (stop.signal.aborted) return;
            if (!isConnectionLost(error)) {
              log.error({ error: String(error) }, "the supervisor could not be looked after");
              await sleep(IDLE_MS, undefined, { signal: stop.signal }).catch(() => {});
            }
          }
        }
      })();
      return {
        async [Symbol.asyncDispose]() {
          stop.abort();
          await loop;
        },
      };
    },
  };
}

function requireUsable(request: DeployRequest): void {
  const refuse = (words: string) => new AppError("invalid_request", words);
  if (!UUID.test(request.approvalId) || !UUID.test(request.reportId))
    throw refuse("A deployment rests on an approval and a test report; their ids must be given.");
  if (request.startCommand.trim() === "" || request.startCommand.includes("\0")) throw refuse("There is no command to start the service with.");
  if (!/^\/[^\s]*$/.test(request.healthPath)) throw refuse(`The health path must begin with / and hold no spaces: "${request.healthPath}".`);
}

/** Stops waiting when the caller goes away; what was begun goes on and is found by the next call. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  work.catch(() => {});
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
