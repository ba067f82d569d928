import { z } from "zod";
import { AppError } from "#errors";
import type { DevopsState } from "#graphs/devops/state.ts";
import type { RunPorts } from "#ports/run.ts";
import { refusalTexts, type Refusal, type Texts } from "#prompts/devops/texts.ts";
import { DevopsOrder, type DevopsResult } from "#protocol/team-work.ts";

/** The order this thread was started with. Fails with `invalid_request` when the graph was started with something else. */
export function orderOf(state: DevopsState): DevopsOrder {
  const { project_id, project_name, action, delivery_id, reason, language } = state;
  const order = DevopsOrder.safeParse({ project_id, project_name, action, delivery_id, reason, language });
  if (!order.success) throw new AppError("invalid_request", `The devops graph needs an order as input: ${z.prettifyError(order.error)}`);
  return order.data;
}

/** Facts only and short, so no model translates them: the two languages that we write, English for the rest. */
export function inOurWords(language: string, texts: Texts): string {
  return language.toLowerCase().startsWith("ru") ? texts.ru : texts.en;
}

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
