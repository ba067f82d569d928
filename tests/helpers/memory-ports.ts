import { randomUUID } from "node:crypto";
import { AppError } from "#errors";
import { approvedReleases } from "#governance/approved-releases.ts";
import type { Approval, ApprovalsPort, Decision } from "#ports/approvals.ts";
import type { ModelsPort } from "#ports/models.ts";
import type { Delivery, DeliveryStep, Project, ProjectsPort } from "#ports/projects.ts";
import type { DeployOutcome, DeployRequest, Release, ReleasesPort } from "#ports/releases.ts";
import type { RunIdentity, RunPorts } from "#ports/run.ts";
import type { SecretsPort } from "#ports/secrets.ts";
import type { TeamsPort, TeamWork } from "#ports/teams.ts";
import type { TestReport, TestsPort } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";
import { DecisionRecord } from "./decision-record.ts";

/**
 * The ports of the product owner and of devops, in memory and true to their contracts: idempotent by the keys they name, refusing what
 * the real ones refuse. For tests of what graphs do; the real implementations have tests of their own.
 */
export interface MemoryWorld {
  readonly projects: Map<string, Project>;
  readonly deliveries: Map<string, Delivery>;
  readonly steps: DeliveryStep[];
  readonly works: Map<string, TeamWork & { input: Record<string, unknown> }>;
  readonly approvals: Map<string, Approval>;
  readonly reports: Map<string, TestReport>;
  readonly releases: Release[];
  /** Names with a value, per project; the values are nobody's business here. */
  readonly secrets: Map<string, Set<string>>;
  /** Files of every delivery. */
  files: Record<string, string>;
  commits: Set<string>;
  /** Head of the main branch. */
  main: string | null;
  /** What the next deploy comes to. */
  nextDeploy: "live" | "failed" | "rolled_back";
  readonly deploys: DeployRequest[];
  /** What was answered. */
  readonly decided: DecisionRecord;
  /** Ports for one run. */
  ports(run?: Partial<RunIdentity>): RunPorts;
  /** A child that pauses on an approval. */
  pause(call: string, payload: ApprovalPayload): Approval;
}

const AT = "2026-01-01T00:00:00.000Z";

export function createMemoryWorld(models: ModelsPort): MemoryWorld {
  const byCall = new Map<string, Project>();
  const world: MemoryWorld = {
    projects: new Map(),
    deliveries: new Map(),
    steps: [],
    works: new Map(),
    approvals: new Map(),
    reports: new Map(),
    releases: [],
    secrets: new Map(),
    files: {},
    commits: new Set(),
    main: null,
    nextDeploy: "live",
    deploys: [],
    decided: new DecisionRecord(),
    ports: (run) => {
      const identity = { owner: "local", threadId: "parent", runId: randomUUID(), graphId: "product_owner", branch: "main", ...run };
      return {
        run: identity,
        models,
        projects: projectsPort(world, byCall),
        teams: teamsPort(world),
        approvals: approvalsPort(world, identity.runId),
        decisions: world.decided.port(identity),
        releases: approvedReleases(releasesPort(world), world.decided.port(identity)),
        secrets: secretsPort(world),
        tests: testsPort(world),
        workspaces: workspacesPort(world),
        commands: { sandbox: "none", run: () => unused("commands.run") },
      };
    },
    pause: (call, payload) => {
      const work = world.works.get(call);
      const request = payload.action_requests[0];
      if (work === undefined || request === undefined) throw new Error(`no work ${call}`);
      work.status = "waiting";
      const { x } = payload;
      const row = {
        interruptId: randomUUID(),
        kind: x.kind,
        action: request.name,
        args: request.args,
        description: payload.description,
        digest: x.action_digest,
        risk: x.risk,
      };
      const approval: Approval = {
        id: x.approval_id,
        threadId: work.threadId,
        runId: randomUUID(),
        ...row,
        payload,
        state: "pending",
        decision: null,
        decidedBy: null,
        decidedAt: null,
        createdAt: AT,
      };
      world.approvals.set(approval.id, approval);
      return approval;
    },
  };
  return world;
}

function unused(name: string): never {
  throw new Error(`${name} is not part of this test's world`);
}

function projectsPort(world: MemoryWorld, byCall: Map<string, Project>): ProjectsPort {
  const get = async (id: string) => world.projects.get(id) ?? missing("project");
  return {
    create: async ({ call, name, goal, stack }) => {
      const known = byCall.get(call);
      if (known !== undefined) return known;
      const project: Project = { id: randomUUID(), owner: "local", name, slug: name.toLowerCase(), goal, stack, spec: null, createdAt: AT };
      byCall.set(call, project);
      world.projects.set(project.id, project);
      return project;
    },
    get,
    list: async () => [...world.projects.values()].toReversed(),
    find: async (name) => [...world.projects.values()].findLast((one) => [one.name, one.slug].some((it) => it.toLowerCase() === name.toLowerCase())) ?? null,
    saveSpec: async (id, spec) => {
      const project = await get(id);
      project.spec = spec;
      return project;
    },
    saveDelivery: async (delivery) => {
      const fresh: Delivery = {
        request: "",
        status: "planning",
        branch: null,
        baseSha: null,
        headSha: null,
        reportId: null,
        releaseId: null,
        rounds: 0,
        createdAt: AT,
        ...delivery,
      };
      const saved = { ...fresh, ...world.deliveries.get(delivery.id), ...delivery };
      world.deliveries.set(saved.id, saved);
      return saved;
    },
    deliveries: async (id) => [...world.deliveries.values()].filter((one) => one.projectId === id),
    recordStep: async (step) => {
      world.steps.push(step);
    },
  };
}

function missing(what: string): never {
  throw new AppError("not_found", `There is no such ${what}.`);
}

function teamsPort(world: MemoryWorld): TeamsPort {
  return {
    start: async ({ call, team, projectId, input }) => {
      const work = world.works.get(call) ?? {
        call,
        team,
        threadId: randomUUID(),
        projectId,
        status: "running",
        step: "analyst",
        result: null,
        error: null,
        input,
      };
      world.works.set(call, work);
      return work;
    },
    list: async () => [...world.works.values()],
    cancel: async (call) => {
      const work = world.works.get(call) ?? missing("work");
      if (work.status === "running" || work.status === "waiting") work.status = "cancelled";
      return work;
    },
  };
}

function approvalsPort(world: MemoryWorld, runId: string): ApprovalsPort {
  return {
    pendingOfTeams: async () => [...world.approvals.values()].filter((one) => one.state === "pending"),
    decideForTeam: async (id: string, decision: Decision) => {
      const approval = world.approvals.get(id) ?? missing("approval");
      if (approval.decidedBy === runId) return approval;
      if (approval.state !== "pending") throw new AppError("already_decided", "Somebody else decided this.");
      Object.assign(approval, { state: "done", decision, decidedBy: runId, decidedAt: AT });
      return approval;
    },
  };
}

function secretsPort(world: MemoryWorld): SecretsPort {
  const of = (projectId: string) => {
    const known = world.secrets.get(projectId) ?? new Set<string>();
    world.secrets.set(projectId, known);
    return known;
  };
  const reference = (projectId: string, name: string) => ({ name, version: 1, reference: `secret://${world.projects.get(projectId)?.slug}/${name}@1` });
  return {
    ensureGenerated: async (projectId, name) => {
      of(projectId).add(name);
      return reference(projectId, name);
    },
    references: async (projectId, names) => ({
      present: names.filter((name) => of(projectId).has(name)).map((name) => reference(projectId, name)),
      missing: names.filter((name) => !of(projectId).has(name)),
    }),
  };
}

function testsPort(world: MemoryWorld): TestsPort {
  return { run: () => unused("tests.run"), get: async (id) => world.reports.get(id) ?? null };
}

function releasesPort(world: MemoryWorld): ReleasesPort {
  const status: ReleasesPort["status"] = async (projectId) => {
    const releases = world.releases.filter((one) => one.projectId === projectId);
    const serving = releases.find((one) => one.status === "live") ?? null;
    const rollbackTarget = releases.findLast((one) => one.status === "retired") ?? null;
    return {
      projectId,
      url: serving && "http://polls.localhost:2080",
      directUrl: serving && `http://127.0.0.1:${serving.port}`,
      serving,
      rollbackTarget,
      releases,
    };
  };
  const outcome = async (release: Release, result: DeployOutcome["status"], message: string): Promise<DeployOutcome> => {
    const { url, directUrl, serving } = await status(release.projectId);
    return {
      status: result,
      release,
      url,
      directUrl,
      serving,
      evidence: [{ phase: "answer", ok: result === "live", message }],
      logTail: result === "live" ? "" : "Error: boom",
    };
  };
  return {
    status,
    deploy: async (request) => {
      const made = world.releases.find((one) => one.approvalId === request.approvalId);
      if (made !== undefined) return outcome(made, made.status === "live" ? "live" : "failed", "as before");
      world.deploys.push(request);
      const before = (await status(request.projectId)).serving;
      const live = world.nextDeploy === "live";
      const { projectId, commitSha, startCommand, healthPath, approvalId, reportId } = request;
      const number = world.releases.filter((one) => one.projectId === projectId).length + 1;
      const release: Release = {
        id: randomUUID(),
        projectId,
        number,
        commitSha,
        status: live ? "live" : "failed",
        port: 40_000 + number,
        startCommand,
        healthPath,
        approvalId,
        reportId,
        createdAt: AT,
      };
      world.releases.push(release);
      if (live && before !== null) before.status = "retired";
      return outcome(release, world.nextDeploy, live ? "answered 200" : "answered 500");
    },
    rollback: async (projectId, { releaseId }) => {
      const now = await status(projectId);
      const target = world.releases.find((one) => one.id === releaseId) ?? now.rollbackTarget ?? missing("release");
      if (now.serving !== null) now.serving.status = "rolled_back";
      target.status = "live";
      return outcome(target, "live", "answered 200");
    },
    undeploy: async (projectId) => {
      const { serving } = await status(projectId);
      if (serving !== null) serving.status = "retired";
      return status(projectId);
    },
    logs: async () => "listening\n",
  };
}

function workspacesPort(world: MemoryWorld): WorkspacesPort {
  const no = (name: string) => () => unused(`workspaces.${name}`);
  const commit = (sha: string) => (world.commits.has(sha) ? sha : unknownCommit(sha));
  return {
    prepare: async ({ deliveryId, projectId }) => ({ deliveryId, projectId, repoPath: "/repo", path: "/tree", branch: "delivery/1", baseSha: "base" }),
    open: no("open"),
    restore: no("restore"),
    snapshot: no("snapshot"),
    listFiles: async () => Object.entries(world.files).map(([path, text]) => ({ path, bytes: text.length })),
    readFile: async (_id, { path }) => ({ text: world.files[path] ?? missing("file"), lines: 1, truncated: false }),
    search: async (_id, { pattern }) =>
      Object.entries(world.files).flatMap(([path, content]) =>
        content.split("\n").flatMap((text, index) => (new RegExp(pattern, "u").test(text) ? [{ path, line: index + 1, text }] : [])),
      ),
    writeFile: no("writeFile"),
    deleteFile: no("deleteFile"),
    applyDiff: no("applyDiff"),
    commitAttempt: no("commitAttempt"),
    promote: no("promote"),
    verifyCommit: async (_projectId, sha) => ({ sha: commit(sha), treeSha: sha, subject: "x", trailers: {} }),
    diff: async (_projectId, base, head) => ({
      baseSha: commit(base),
      headSha: commit(head),
      digest: `${base}..${head}`,
      files: [{ path: "src/server.js", added: 10, removed: 2 }],
      text: "",
      truncated: false,
    }),
    workingDiff: no("workingDiff"),
    log: no("log"),
    mergeToMain: async (_projectId, sha) => {
      world.main = commit(sha);
      return { sha };
    },
  };
}

function unknownCommit(sha: string): never {
  throw new AppError("commit_unknown", `The repository has no commit ${sha}.`);
}
