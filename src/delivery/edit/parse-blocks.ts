/** One SEARCH/REPLACE block of a diff, numbered from 1 in the order it was written. */
export interface EditBlock {
  block: number;
  /** 1-based line of the original file where the search text is said to begin; null when not said. */
  startLine: number | null;
  search: string[];
  replace: string[];
}

export interface BlockFailure {
  block: number;
  reason: string;
}

export interface ParsedDiff {
  blocks: EditBlock[];
  failures: BlockFailure[];
}

const SEARCH = /^<{7} SEARCH>?\s*$/;
const DIVIDER = /^={7}\s*$/;
const REPLACE = /^>{7} REPLACE\s*$/;
const HEADER = /^:(start_line|end_line):\s*(\d+)\s*$/;
const HEADER_END = /^-{7}\s*$/;
const ESCAPED = /^\\(<{7} SEARCH|={7}|>{7} REPLACE|-{7}|:(?:start|end)_line:)/;
const NUMBERED = /^\s*(\d+)\s?\|\s?(.*)$/;

/**
 * Reads the apply_diff format:
 *
 *   <<<<<<< SEARCH
 *   :start_line:12
 *   -------
 *   old lines
 *   =======
 *   new lines
 *   >>>>>>> REPLACE
 *
 * `:start_line:`, `:end_line:` and the dashes may be absent. A content line that looks like a marker is written with a backslash before it.
 * State machine: between blocks -> header -> search -> replace -> between blocks; a marker out of turn fails its block with a reason and
 * reading goes on at the next SEARCH.
 */
export function parseBlocks(diff: string): ParsedDiff {
  const blocks: EditBlock[] = [];
  const failures: BlockFailure[] = [];
  let state: "between" | "header" | "search" | "replace" = "between";
  let count = 0;
  let current: EditBlock = { block: 0, startLine: null, search: [], replace: [] };

  const fail = (reason: string): void => {
    failures.push({ block: current.block, reason });
    state = "between";
  };
  for (const line of diff.split(/\r?\n/)) {
    if (SEARCH.test(line)) {
      if (state !== "between") fail(`a new "<<<<<<< SEARCH" begins before this block's ">>>>>>> REPLACE"`);
      current = { block: ++count, startLine: null, search: [], replace: [] };
      state = "header";
      continue;
    }
    if (state === "between") continue;
    if (REPLACE.test(line)) {
      if (state === "replace") {
        blocks.push(withoutLineNumbers(current));
        state = "between";
      } else fail(`">>>>>>> REPLACE" stands before "=======". Escape a marker that is part of the content with a backslash.`);
      continue;
    }
    if (DIVIDER.test(line)) {
      if (state === "replace") fail(`there is a second "=======". Escape a marker that is part of the content with a backslash.`);
      else state = "replace";
      continue;
    }
    if (state === "header") {
      const [, name, number] = HEADER.exec(line) ?? [];
      if (name === "start_line") current.startLine = Number(number);
      if (name !== undefined) continue;
      state = "search";
      if (HEADER_END.test(line)) continue;
    }
    (state === "search" ? current.search : current.replace).push(line.replace(ESCAPED, "$1"));
  }
  if (state !== "between") fail(`it does not end with ">>>>>>> REPLACE"`);
  if (count === 0) failures.push({ block: 1, reason: `there is no block. Begin one with "<<<<<<< SEARCH".` });
  return { blocks, failures };
}

/** Models copy numbered listings: when every line begins with `N |`, the numbers go, and the first says where the block begins. */
function withoutLineNumbers(block: EditBlock): EditBlock {
  const isNumbered = (lines: string[]): boolean =>
    lines.length > 0 && lines.every((line) => line.trim() === "" || NUMBERED.test(line)) && lines.some((line) => NUMBERED.test(line));
  if (!isNumbered(block.search)) return block;
  const strip = (lines: string[]): string[] => lines.map((line) => NUMBERED.exec(line)?.[2] ?? line);
  const first = block.search.find((line) => NUMBERED.test(line));
  return {
    ...block,
    startLine: block.startLine ?? Number(NUMBERED.exec(first ?? "")?.[1] ?? 1),
    search: strip(block.search),
    replace: isNumbered(block.replace) ? strip(block.replace) : block.replace,
  };
}
