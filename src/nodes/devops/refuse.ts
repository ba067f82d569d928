import type { DevopsState } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { refusalTexts, type Refusal } from "#prompts/devops/refuse.ts";
import { inOurWords } from "#prompts/shared/texts.ts";
import type { DevopsResult } from "#protocol/team-work.ts";

/** A result for work that ends before anything was changed; what serves, goes on serving. */
export async function refuse(ports: RunPorts, state: DevopsState, refusal: Refusal, status: "failed" | "rejected" = "failed"): Promise<DevopsResult> {
  const service = await ports.releases.status(state.project_id);
  return {
    status,
    project_id: state.project_id,
    release_id: null,
    release_number: null,
    url: service.serving === null ? null : service.url,
    direct_url: service.serving === null ? null : service.directUrl,
    summary: inOurWords(state.language, refusalTexts[refusal]),
  };
}
