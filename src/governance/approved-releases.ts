import { AppError } from "#errors";
import type { DecisionsPort, RecordedDecision } from "#ports/decisions.ts";
import type { ApprovedReleasesPort, ReleasesPort } from "#ports/releases.ts";

/**
 * The releases of a run's owner, behind the inbox: nothing is changed without an approval on record, of this action, for exactly the digest
 * that is carried out. Where the graph's state says otherwise, the state was edited (docs/decisions/0013).
 */
export function approvedReleases(releases: ReleasesPort, decisions: DecisionsPort): ApprovedReleasesPort {
  async function mustBeApproved(action: string, { approvalId, digest }: { approvalId: string; digest: string }): Promise<RecordedDecision> {
    const found = await decisions.find("deploy", [approvalId]);
    if (found !== null && found.action === action && found.decision.type === "approve" && found.digest === digest) return found;
    throw new AppError("decision_missing", `Nobody approved this ${action}. Decide the question in the inbox (GET /approvals?state=pending).`, {
      details: { approval_id: approvalId, action },
    });
  }

  return {
    status: (projectId) => releases.status(projectId),
    logs: (projectId, input) => releases.logs(projectId, input),
    async deploy(request, digest) {
      await mustBeApproved("deploy", { approvalId: request.approvalId, digest });
      return releases.deploy(request);
    },
    async rollback(projectId, input, held) {
      await mustBeApproved("rollback", held);
      return releases.rollback(projectId, input);
    },
    async undeploy(projectId, held) {
      await mustBeApproved("undeploy", held);
      return releases.undeploy(projectId);
    },
  };
}
