import type { Attempt } from "#graphs/engineering/state.ts";

/** What a red round means for the loop: go on, or call a person. The first repetition is told to the developer, the second is not borne. */
export function afterRed(attempts: readonly Attempt[], maxRounds: number): { stuck: string | null } {
  const [newest, before, earlier] = attempts.slice(-3).toReversed();
  if (newest === undefined) return { stuck: null };
  if (newest.fingerprint === "unchanged" && before?.fingerprint === "unchanged") return { stuck: "no_changes" };
  const same = (other: Attempt | undefined) => other !== undefined && other.fingerprint === newest.fingerprint;
  if (newest.fingerprint !== "unchanged" && same(before) && same(earlier)) return { stuck: "same_failure" };
  return { stuck: newest.round >= maxRounds ? "rounds" : null };
}
