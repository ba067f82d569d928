import { AppError, isAppError } from "#errors";
import type { DevopsState, ReleaseCandidate } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import type { Refusal } from "#prompts/devops/refuse.ts";
import { digestOf } from "#protocol/approval-payload.ts";

/**
 * Collects everything that a deploy decision rests on, fresh from the world, under one digest: commit, difference to what serves now, test
 * report, configuration, versions of secrets, start command and the release that stays if this one fails. Asked for twice, before the
 * person decides and before the effect; if anything moved in between, the digests differ.
 * @returns the candidate, or why there is nothing to deploy
 */
export async function releaseCandidate(
  ports: RunPorts,
  state: Pick<DevopsState, "project_id" | "delivery_id" | "environment">,
): Promise<ReleaseCandidate | Refusal> {
  const project = await ports.projects.get(state.project_id);
  const { spec } = project;
  if (spec === null) return "noSpec";
  const delivery = (await ports.projects.deliveries(project.id)).find((one) => one.id === state.delivery_id);
  if (delivery === undefined) return "noDelivery";
  if (delivery.headSha === null || delivery.reportId === null) return "notGreen";
  const { sha } = await ports.workspaces.verifyCommit(project.id, delivery.headSha);
  const report = await ports.tests.get(delivery.reportId);
  if (report === null || !report.green || report.commitSha !== sha || report.projectId !== project.id) return "notGreen";
  const { serving } = await ports.releases.status(project.id);
  const diff = await diffTo(ports, project.id, sha, [serving?.commitSha, delivery.baseSha]);
  const names = state.environment.filter((one) => one.class === "generated" || one.class === "user").map((one) => one.name);
  const { present, missing } = await ports.secrets.references(project.id, names);
  if (missing.length > 0)
    throw new AppError("secret_missing", `These names have no value in the secret store: ${missing.join(", ")}.`, { details: { names: missing } });
  const publicEnvironment = Object.fromEntries(
    state.environment.flatMap((one) => (one.class === "public" && one.value !== null ? [[one.name, one.value]] : [])),
  );
  const facts = {
    commitSha: sha,
    reportId: report.id,
    reportDigest: report.digest,
    tests: { executed: report.totals.executed, passed: report.totals.passed },
    diff,
    stack: spec.stack,
    startCommand: spec.startCommand,
    healthPath: spec.healthPath,
    publicEnvironment,
    secretReferences: present.map((one) => one.reference).toSorted(),
    secretNames: present.map((one) => one.name).toSorted(),
    rollbackTarget: serving === null ? null : { id: serving.id, number: serving.number },
  };
  return { ...facts, digest: digestOf({ action: "deploy", projectId: project.id, ...facts }) };
}

/** Against what serves now; against the delivery's base when that commit is not in this repository any more. */
async function diffTo(ports: RunPorts, projectId: string, head: string, bases: readonly (string | null | undefined)[]): Promise<ReleaseCandidate["diff"]> {
  for (const base of bases) {
    if (base === null || base === undefined) continue;
    try {
      const { digest, files } = await ports.workspaces.diff(projectId, base, head);
      const sum = (side: "added" | "removed") => files.reduce((total, file) => total + file[side], 0);
      return { digest, files: files.length, added: sum("added"), removed: sum("removed"), paths: files.map((file) => file.path) };
    } catch (error) {
      if (!isAppError(error) || error.code !== "commit_unknown") throw error;
    }
  }
  return { digest: "", files: 0, added: 0, removed: 0, paths: [] };
}
