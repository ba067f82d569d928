import type { DevopsState } from "./state.ts";

/** What was ordered: a release goes live, or one that serves is changed. */
export function whichAction(state: DevopsState): "analyse_environment" | "plan_change" {
  return state.action === "deploy" ? "analyse_environment" : "plan_change";
}

/** Without a delivery and its plan there is nothing to deploy. */
export function isDeployable(state: DevopsState): "provide_secrets" | "report" {
  return state.result === null ? "provide_secrets" : "report";
}

/** What only a person can give is asked for until the store has it. */
export function areSecretsMissing(state: DevopsState): "ask_secrets" | "prepare_release" | "report" {
  if (state.result !== null) return "report";
  return state.missing.length > 0 ? "ask_secrets" : "prepare_release";
}

/** Without a green report there is nothing to ask about. */
export function isReleaseReady(state: DevopsState): "ask_deploy" | "report" {
  return state.result === null && state.candidate !== null ? "ask_deploy" : "report";
}

/** An unreadable answer is asked again; a refusal ends the work; only an approval deploys. */
export function isDeployApproved(state: DevopsState): "deploy" | "ask_deploy" | "report" {
  if (state.decision === null) return "ask_deploy";
  return state.decision.type === "approve" ? "deploy" : "report";
}

/** An approval that no longer holds goes back to the evidence. */
export function didApprovalHold(state: DevopsState): "report" | "prepare_release" {
  return state.done === null && state.result === null ? "prepare_release" : "report";
}

/** Without anything to go back to, or to stop, there is nothing to ask about. */
export function isChangePlanned(state: DevopsState): "ask_change" | "report" {
  return state.result === null && state.planned !== null ? "ask_change" : "report";
}

/** The same for a rollback and a removal. */
export function isChangeApproved(state: DevopsState): "apply_change" | "ask_change" | "report" {
  if (state.decision === null) return "ask_change";
  return state.decision.type === "approve" ? "apply_change" : "report";
}

/** The same: what moved since is planned and asked about anew. */
export function didChangeHold(state: DevopsState): "report" | "plan_change" {
  return state.done === null && state.result === null ? "plan_change" : "report";
}
