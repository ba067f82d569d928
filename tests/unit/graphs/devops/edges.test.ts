import { expect, test } from "vitest";
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
} from "#graphs/devops/edges.ts";
import type { DevopsState } from "#graphs/devops/state.ts";

const PROJECT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
const state = (changes: Partial<DevopsState> = {}): DevopsState => ({
  project_id: PROJECT,
  project_name: "polls",
  action: "deploy",
  delivery_id: PROJECT,
  reason: "",
  language: "en",
  environment: [],
  missing: [],
  candidate: null,
  planned: null,
  description: "",
  asked: 0,
  notice: null,
  decision: null,
  done: null,
  result: null,
  ...changes,
});
const result = { status: "failed" as const, project_id: PROJECT, release_id: null, release_number: null, url: null, direct_url: null, summary: "" };
const decision = (type: "approve" | "reject") => ({ type, message: null, approvalId: "a", branch: "b", digest: null });
const done = { status: "live" as const, releaseId: null, releaseNumber: null, url: null, directUrl: null, evidence: [], logTail: "" };
const planned = { servingNumber: 2, target: null, digest: "d" };

test.each([
  [whichAction, {}, "analyse_environment"],
  [whichAction, { action: "rollback" as const }, "plan_change"],
  [whichAction, { action: "undeploy" as const }, "plan_change"],
  [isDeployable, {}, "provide_secrets"],
  [isDeployable, { result }, "report"],
  [areSecretsMissing, {}, "prepare_release"],
  [areSecretsMissing, { missing: ["A"] }, "ask_secrets"],
  [areSecretsMissing, { result, missing: ["A"] }, "report"],
  [isReleaseReady, {}, "report"],
  [isReleaseReady, { result }, "report"],
  [isDeployApproved, {}, "ask_deploy"],
  [isDeployApproved, { decision: decision("approve") }, "deploy"],
  [isDeployApproved, { decision: decision("reject") }, "report"],
  [didApprovalHold, {}, "prepare_release"],
  [didApprovalHold, { done }, "report"],
  [didApprovalHold, { result }, "report"],
  [isChangePlanned, { planned }, "ask_change"],
  [isChangePlanned, { planned, result }, "report"],
  [isChangeApproved, {}, "ask_change"],
  [isChangeApproved, { decision: decision("approve") }, "apply_change"],
  [isChangeApproved, { decision: decision("reject") }, "report"],
  [didChangeHold, {}, "plan_change"],
  [didChangeHold, { done }, "report"],
  [didChangeHold, { result }, "report"],
])("%o with %o goes to %s", (router, changes, next) => expect(router(state(changes))).toBe(next));
