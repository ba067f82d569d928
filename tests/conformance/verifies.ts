import { test } from "vitest";
import { REQUIREMENTS, type Requirement, type RequirementId } from "./requirements.ts";

/** A test that stands for one requirement and bears its words. A known failure must fail. */
export function verifies(id: RequirementId, body: () => Promise<void> | void): void {
  const requirement: Requirement = REQUIREMENTS[id];
  const name = `${id}: ${requirement.behaviour}`;
  if (requirement.knownFailure === undefined) test(name, body);
  else test.fails(`${name} (known: ${requirement.knownFailure})`, body);
}
