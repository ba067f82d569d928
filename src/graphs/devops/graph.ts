import { END, START, StateGraph } from "@langchain/langgraph";
import { analyseEnvironment } from "#nodes/devops/analyse-environment.ts";
import { applyChange } from "#nodes/devops/apply-change.ts";
import { askChange } from "#nodes/devops/ask-change.ts";
import { askDeploy } from "#nodes/devops/ask-deploy.ts";
import { askSecrets } from "#nodes/devops/ask-secrets.ts";
import { deploy } from "#nodes/devops/deploy.ts";
import { planChange } from "#nodes/devops/plan-change.ts";
import { prepareRelease } from "#nodes/devops/prepare-release.ts";
import { provideSecrets } from "#nodes/devops/provide-secrets.ts";
import { report } from "#nodes/devops/report.ts";
import { verifySecrets } from "#nodes/devops/verify-secrets.ts";
import {
  areSecretsMissing,
  didApprovalHold,
  didChangeHold,
  isChangeApproved,
  isChangePlanned,
  isDeployable,
  isDeployApproved,
  isReleaseReady,
  whichAction,
} from "./edges.ts";
import { DevopsState } from "./state.ts";

/**
 * From a green commit to a running service, and back:
 *
 *   deploy            analyse_environment -> provide_secrets [-> ask_secrets -> verify_secrets]
 *                     -> prepare_release -> ask_deploy -> deploy -> report
 *   rollback, undeploy plan_change -> ask_change -> apply_change -> report
 *
 * Nothing goes live without an approval that was given on this line of history for exactly what is deployed: an approval that no longer
 * holds leads back to the evidence. Effects stand in nodes of their own, after the question, and are idempotent.
 */
export const devops = new StateGraph(DevopsState)
  .addNode("analyse_environment", analyseEnvironment)
  .addNode("provide_secrets", provideSecrets)
  .addNode("ask_secrets", askSecrets)
  .addNode("verify_secrets", verifySecrets)
  .addNode("prepare_release", prepareRelease)
  .addNode("ask_deploy", askDeploy)
  .addNode("deploy", deploy)
  .addNode("plan_change", planChange)
  .addNode("ask_change", askChange)
  .addNode("apply_change", applyChange)
  .addNode("report", report)
  .addConditionalEdges(START, whichAction, ["analyse_environment", "plan_change"])
  .addConditionalEdges("analyse_environment", isDeployable, ["provide_secrets", "report"])
  .addConditionalEdges("provide_secrets", areSecretsMissing, ["ask_secrets", "prepare_release", "report"])
  .addEdge("ask_secrets", "verify_secrets")
  .addConditionalEdges("verify_secrets", areSecretsMissing, ["ask_secrets", "prepare_release", "report"])
  .addConditionalEdges("prepare_release", isReleaseReady, ["ask_deploy", "report"])
  .addConditionalEdges("ask_deploy", isDeployApproved, ["deploy", "ask_deploy", "report"])
  .addConditionalEdges("deploy", didApprovalHold, ["report", "prepare_release"])
  .addConditionalEdges("plan_change", isChangePlanned, ["ask_change", "report"])
  .addConditionalEdges("ask_change", isChangeApproved, ["apply_change", "ask_change", "report"])
  .addConditionalEdges("apply_change", didChangeHold, ["report", "plan_change"])
  .addEdge("report", END);
