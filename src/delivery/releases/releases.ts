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
import { desc, eq } from "drizzle-orm";
import { AppError } from "#errors";
import { projects } from "#db/schema/projects.ts";
import { releases } from "#db/schema/releases.ts";
import type { Project } from "#ports/projects.ts";
import type { DeployOutcome, DeployRequest, HealthEvidence, ReleasesPort, ReleaseStatus, ServiceStatus } from "#ports/releases.ts";
import { leasePort } from "./port-lease.ts";
import { findProject, toProject } from "../projects/projects.ts";
import { missingDependencies } from "./missing-dependencies.ts";
import { requireCommit } from "../git/repository.ts";
import { ensureReleaseDirectory, isBeingMade } from "./release-directory.ts";
import { COMPUTED_NAMES } from "./build-launch.ts";
import { appPaths, releaseName, repositoryPath } from "./app-paths.ts";
import { openReleaseRow, releaseOfApproval, releaseRows, requireGreenReport, requireUsable, toRelease, type ReleaseRow } from "./release-rows.ts";
import { createSupervisorLink, type SupervisorLinkOptions } from "./supervisor-link.ts";
import { readTail } from "../supervisor/log-tail.ts";
import { Outcome, Timing, type Status } from "../supervisor/protocol.ts";

export interface ReleasesOptions extends SupervisorLinkOptions {
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
/** Characters read for each line of a log that is asked for. */
const LINE_LENGTH = 500;
const ENDED: readonly ReleaseStatus[] = ["retired", "failed", "rolled_back"];

/** Releases over the database, the repositories below DATA_DIR and the supervisor. */
export function createReleases(options: ReleasesOptions): Releases {
  const { database, dataDir, vault, log } = options;
  const { drizzle } = database;
  const timing = Timing.parse(options.timing ?? {});
  const link = createSupervisorLink(options);

  async function serviceStatus(project: Project, known?: Status): Promise<ServiceStatus> {
    const status = known ?? (await link.look());
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
    const launch = await link.launchOf(row, project.slug, port);
    const logFile = join(paths.logs, `${number}.log`);
    const identity = { slug: project.slug, projectId: project.id, releaseId: id, number, sha };
    const outcome = await link.ask(
      ({ client }) => client.activate({ ...identity, port, healthPath: health, logFile, operation, timing, launch, preface }),
      signal,
    );
    const hint = outcome.status === "live" ? null : missingDependencies(directory);
    if (hint !== null) outcome.evidence.push({ phase: "process", ok: false, message: hint });
    await link.writeDown(await link.ask(({ client }) => client.status()));
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
    const commitSha = await requireCommit(repositoryPath(dataDir, project.id), request.commitSha);
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

  async function rollback(owner: string, projectId: string, input: { releaseId?: string; fromReleaseId?: string; reason: string }): Promise<DeployOutcome> {
    const project = await findProject(database, owner, projectId);
    const before = await serviceStatus(project);
    if (input.fromReleaseId !== undefined && before.serving?.id !== input.fromReleaseId) {
      const now = before.serving === null ? "none does" : `release ${before.serving.number} does`;
      throw new AppError("conflict", `The release to go back from does not serve any more, ${now}. Nothing was changed; look at the project first.`, {
        details: { serving: before.serving?.id ?? null },
      });
    }
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

  /**
   * Deployed according to the database, and nothing of it known to the supervisor (its memory was lost): brought back. Where the
   * supervisor knows the app, it knows better; and only where the repository is, for another machine may serve it.
   */
  async function bringBackLost(status: Status): Promise<void> {
    const rows = await drizzle
      .select({ release: releases, project: projects })
      .from(releases)
      .innerJoin(projects, eq(projects.id, releases.projectId))
      .where(eq(releases.status, "live"))
      .orderBy(desc(releases.number));
    const seen = new Set(status.apps.filter((app) => app.slots.length > 0).map((app) => app.slug));
    for (const { release, project } of rows) {
      if (seen.has(project.slug) || !existsSync(repositoryPath(dataDir, project.id))) continue;
      seen.add(project.slug);
      log.warn({ app: project.slug, release: release.id }, "bringing back a release that the supervisor does not know");
      await bringUp(toProject(project), release, `restore:${randomUUID()}`, []);
    }
  }

  return {
    forOwner: (owner) => ({
      deploy: (request) => deploy(owner, request),
      rollback: (projectId, input) => rollback(owner, projectId, input),
      async undeploy(projectId) {
        const project = await findProject(database, owner, projectId);
        const before = await serviceStatus(project);
        if (before.releases.every((one) => ENDED.includes(one.status))) return before;
        const status = await link.ask(({ client }) => client.undeploy(project.slug));
        await link.writeDown(status);
        return serviceStatus(project, status);
      },
      status: async (projectId) => serviceStatus(await findProject(database, owner, projectId)),
      async logs(projectId, { lines }) {
        const project = await findProject(database, owner, projectId);
        const service = await serviceStatus(project);
        const release = service.serving ?? service.releases[0];
        if (!release) return "";
        const count = Math.max(1, lines);
        const text = readTail(join(appPaths(dataDir, project.slug).logs, `${release.number}.log`), count * LINE_LENGTH);
        // the log is masked already; a value that became secret later is not
        return vault.mask(
          text
            .split("\n")
            .slice(-count - 1)
            .join("\n"),
          project.id,
        );
      },
    }),

    superviseSupervisor: () => link.supervise(bringBackLost),
  };
}
