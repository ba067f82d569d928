import type { DevopsState, PlannedChange } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { digestOf } from "#protocol/approval-payload.ts";

/** What serves and what would come back, under one digest. Asked for twice, before the person decides and before the effect. */
export async function plannedChange(ports: RunPorts, { project_id, action }: Pick<DevopsState, "project_id" | "action">): Promise<PlannedChange> {
  const { serving, rollbackTarget } = await ports.releases.status(project_id);
  const target = action === "rollback" && rollbackTarget !== null ? { id: rollbackTarget.id, number: rollbackTarget.number } : null;
  const servingNumber = serving?.number ?? null;
  return { servingNumber, target, digest: digestOf({ action, project_id, serving: serving?.id ?? null, target: target?.id ?? null }) };
}
