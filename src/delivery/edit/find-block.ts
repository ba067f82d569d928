import { blockSimilarity, fingerprint } from "./similarity.ts";
import { numbered } from "./text-lines.ts";

/** Where a search text stands, and what has to be done to the replacement's indentation there. */
export interface Found {
  /** 0-based first line. */
  start: number;
  /** How the match was made, weakest tolerance first. */
  rung: "exact" | "line-end" | "indent" | "unicode" | "similar";
  reindent(lines: readonly string[]): string[];
}

export type Search = { found: Found } | { reason: string };

/** Lines that a hint may be off by. */
const HINT_REACH = 40;
/** How much nearer to the hint the chosen twin must be than the next one. */
const HINT_MARGIN = 5;
const SIMILAR_ENOUGH = 0.9;
const SIMILAR_MARGIN = 0.05;
/** Comparisons of lines that a similarity search may cost. */
const COMPARISONS = 400_000;

/**
 * The ladder: exact, line ends trimmed, one uniform shift of indentation, quotes and dashes made plain, similar by at least 0.9. A rung with one
 * place wins; with several, the line hint decides when it points clearly at one of them; otherwise nothing is guessed. A similar place must
 * be better than the second best by 0.05.
 */
export function findBlock(lines: readonly string[], search: readonly string[], startLine: number | null): Search {
  const hint = startLine === null ? null : startLine - 1;
  const same = (reindent: Found["reindent"]) => reindent;
  const unchanged = same((replacement) => [...replacement]);

  const rungs: { rung: Found["rung"]; matches: (start: number) => Found["reindent"] | null }[] = [
    { rung: "exact", matches: (start) => (search.every((line, index) => line === lines[start + index]) ? unchanged : null) },
    { rung: "line-end", matches: (start) => (search.every((line, index) => line.trimEnd() === lines[start + index]?.trimEnd()) ? unchanged : null) },
    { rung: "indent", matches: (start) => uniformShift(search, lines.slice(start, start + search.length)) },
    { rung: "unicode", matches: (start) => uniformShift(search.map(plain), lines.slice(start, start + search.length).map(plain)) },
  ];
  for (const { rung, matches } of rungs) {
    const places: { start: number; reindent: Found["reindent"] }[] = [];
    for (let start = 0; start + search.length <= lines.length; start++) {
      const reindent = matches(start);
      if (reindent !== null) places.push({ start, reindent });
    }
    if (places.length === 0) continue;
    const chosen = chooseByHint(places, hint);
    if (chosen !== null) return { found: { ...chosen, rung } };
    const shown = places.slice(0, 8).map((place) => place.start + 1);
    return {
      reason: `the search text stands at ${places.length} places (lines ${shown.join(", ")}${places.length > 8 ? ", …" : ""}). Add lines around it or a :start_line: that names one.`,
    };
  }
  return findSimilar(lines, search, hint);
}

function chooseByHint<Place extends { start: number }>(places: readonly Place[], hint: number | null): Place | null {
  if (places.length === 1) return places[0] ?? null;
  if (hint === null) return null;
  const [nearest, next] = places.toSorted((a, b) => Math.abs(a.start - hint) - Math.abs(b.start - hint));
  if (nearest === undefined || next === undefined) return null;
  const [near, far] = [Math.abs(nearest.start - hint), Math.abs(next.start - hint)];
  if (near === 0) return nearest;
  return near <= HINT_REACH && far - near >= HINT_MARGIN ? nearest : null;
}

function findSimilar(lines: readonly string[], search: readonly string[], hint: number | null): Search {
  const wanted = search.map(fingerprint);
  const last = lines.length - search.length;
  if (last < 0) return { reason: `the search text has ${search.length} lines and the file only ${lines.length}.` };
  const everywhere = (last + 1) * search.length <= COMPARISONS;
  const from = everywhere || hint === null ? 0 : Math.max(0, hint - HINT_REACH);
  const to = everywhere ? last : Math.min(last, hint === null ? Math.floor(COMPARISONS / search.length) : hint + HINT_REACH);
  const prints = new Map<number, ReturnType<typeof fingerprint>>();
  const print = (index: number) => {
    const known = prints.get(index) ?? fingerprint(lines[index] ?? "");
    prints.set(index, known);
    return known;
  };
  let best = { start: -1, score: -1 };
  let second = -1;
  for (let start = from; start <= to; start++) {
    const score = blockSimilarity(
      wanted,
      search.map((_, index) => print(start + index)),
    );
    if (score > best.score) {
      // a neighbour that overlaps the best place is the same place
      if (best.start === -1 || start - best.start >= search.length) second = Math.max(second, best.score);
      best = { start, score };
    } else if (start - best.start >= search.length) second = Math.max(second, score);
  }
  if (best.score >= SIMILAR_ENOUGH && best.score - second >= SIMILAR_MARGIN) {
    const there = lines[best.start] ?? "";
    if (!keepsShape(search, lines.slice(best.start, best.start + search.length))) {
      return {
        reason: `the search text was not found; the nearest text is indented differently:\n${numbered(lines, best.start - 1, best.start + search.length + 1)}`,
      };
    }
    return { found: { start: best.start, rung: "similar", reindent: shiftBy(indentOf(search[0] ?? ""), indentOf(there)) } };
  }
  if (best.start === -1) return { reason: "the search text was not found." };
  const score = Math.floor(best.score * 100);
  const why = best.score >= SIMILAR_ENOUGH ? "two places are almost equally similar" : `the nearest text is only ${score}% alike`;
  return { reason: `the search text was not found; ${why}:\n${numbered(lines, best.start - 2, best.start + search.length + 2)}` };
}

/** Lines that are the same but for their indentation must all be shifted alike: a twin at another depth means something else. */
function keepsShape(search: readonly string[], there: readonly string[]): boolean {
  const equal = search.flatMap((line, index) =>
    line.trim() !== "" && line.trim() === there[index]?.trim() ? [[indentOf(line), indentOf(there[index] ?? "")] as const] : [],
  );
  const [first] = equal;
  return first === undefined || equal.every(([mine, its]) => isSameShift(first[0], first[1], mine, its));
}

const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? "";

/** The shift that turns `search` into `there`, when every line that is not blank needs the same one; null otherwise. */
function uniformShift(search: readonly string[], there: readonly string[]): Found["reindent"] | null {
  let from: string | null = null;
  let to = "";
  for (const [index, line] of search.entries()) {
    const other = there[index] ?? "";
    if (line.trim() !== other.trim()) return null;
    if (line.trim() === "") continue;
    const [mine, its] = [indentOf(line), indentOf(other)];
    if (from === null) [from, to] = [mine, its];
    else if (!isSameShift(from, to, mine, its)) return null;
  }
  return from === null ? (lines) => [...lines] : shiftBy(from, to);
}

function isSameShift(from: string, to: string, mine: string, its: string): boolean {
  if (to.startsWith(from)) return its === to.slice(from.length) + mine || its === mine + to.slice(from.length);
  if (from.startsWith(to)) return mine === from.slice(to.length) + its || mine === its + from.slice(to.length);
  // tabs against spaces: a line is right when it stands as deep relative to the first as it should
  return mine.startsWith(from) && its.startsWith(to) && (mine.length === from.length) === (its.length === to.length);
}

function shiftBy(from: string, to: string): Found["reindent"] {
  return (lines) =>
    lines.map((line) => {
      if (line.trim() === "" || from === to) return line;
      if (to.startsWith(from)) return to.slice(from.length) + line;
      if (from.startsWith(to)) return line.startsWith(from.slice(to.length)) ? line.slice(from.length - to.length) : line.trimStart();
      return line.startsWith(from) ? to + line.slice(from.length) : line;
    });
}

/** Typographic characters that models and editors exchange for plain ones. */
function plain(line: string): string {
  return line
    .replaceAll(/[\u2018\u2019\u201A\u201B]/g, "'")
    .replaceAll(/[\u201C\u201D\u201E\u201F]/g, '"')
    .replaceAll(/[\u2010-\u2015\u2212]/g, "-")
    .replaceAll("\u2026", "...")
    .replaceAll(/[\u00A0\u2000-\u200A\u202F\u3000]/g, " ")
    .trimEnd();
}
