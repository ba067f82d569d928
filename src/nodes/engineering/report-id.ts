import { v5 as uuidv5 } from "uuid";

const REPORTS = "3e5c7a52-5b1f-4c58-8a55-0d4ab3f4a9c3";

/**
 * The id of a test report is known before the test runs, so that the commit can name it and a repeated node finds it. It follows from the
 * line of history, the round and the files, so that another line or another content never meets somebody else's report.
 */
export function reportIdOf(facts: { deliveryId: string; branch: string; round: number | "baseline"; tree: string }): string {
  return uuidv5([facts.deliveryId, facts.branch, facts.round, facts.tree].join("\n"), REPORTS);
}
