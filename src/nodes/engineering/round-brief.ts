import type { DeliveryPlan, EngineeringState } from "#graphs/engineering/state.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import { developerBrief } from "#prompts/engineering/developer.ts";

const SHOWN_FILES = 200;

/** What the developer starts a round from: the plan, what the person added, and the files as they are now. */
export async function roundBrief(
  workspaces: WorkspacesPort,
  state: Pick<EngineeringState, "delivery_id" | "project_name" | "language" | "request" | "instructions">,
  plan: DeliveryPlan,
): Promise<string> {
  const files = await workspaces.listFiles(state.delivery_id, { limit: SHOWN_FILES });
  return developerBrief({
    projectName: state.project_name,
    language: state.language,
    request: state.request,
    plan,
    files: files.map((file) => file.path),
    instructions: state.instructions,
  });
}
