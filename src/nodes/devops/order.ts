import { z } from "zod";
import { AppError } from "#errors";
import type { DevopsState } from "#graphs/devops/state.ts";
import { DevopsOrder } from "#protocol/team-work.ts";

/** The order this thread was started with. Fails with `invalid_request` when the graph was started with something else. */
export function orderOf(state: DevopsState): DevopsOrder {
  const { project_id, project_name, action, delivery_id, reason, language } = state;
  const order = DevopsOrder.safeParse({ project_id, project_name, action, delivery_id, reason, language });
  if (!order.success) throw new AppError("invalid_request", `The devops graph needs an order as input: ${z.prettifyError(order.error)}`);
  return order.data;
}
