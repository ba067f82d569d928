import { describe, test } from "vitest";

/**
 * Tests that not every machine can run. `reason` says what is missing, null when nothing is; it becomes part of the skipped name, where
 * `scripts/test.ts` finds it and tells at the end what was left out and why.
 */
export function describeUnless(reason: string | null, name: string, body: () => void): void {
  describe.skipIf(reason !== null)(skippedName(name, reason), body);
}

/** See `describeUnless`. */
export function testUnless(reason: string | null, name: string, body: () => Promise<void> | void): void {
  test.skipIf(reason !== null)(skippedName(name, reason), body);
}

function skippedName(name: string, reason: string | null): string {
  return reason === null ? name : `${name} [left out: ${reason}]`;
}
