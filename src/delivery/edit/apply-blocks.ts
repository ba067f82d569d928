import { findBlock, type Found } from "./find-block.ts";
import { parseBlocks, type BlockFailure, type EditBlock } from "./parse-blocks.ts";
import { dominantEnding, joinLines, numbered, splitLines, type TextLine } from "./text-lines.ts";

export interface AppliedDiff {
  /** The new text; the old one when nothing was applied. */
  text: string;
  applied: number;
  failed: BlockFailure[];
  snippet: string;
}

const AROUND = 3;

/**
 * Applies a diff to a text without touching a file. Every block is looked for in the text as it was, so `:start_line:` always means the file the
 * model has read; good blocks are applied, each bad one is reported with its own reason.
 */
export function applyBlocks(text: string, diff: string): AppliedDiff {
  const { blocks, failures } = parseBlocks(diff);
  const lines = splitLines(text);
  const plain = lines.map((line) => line.text);
  const failed = [...failures];
  const edits: { block: EditBlock; found: Found }[] = [];

  for (const block of blocks) {
    const refused = refuse(block, plain);
    const search = refused === null ? locate(plain, block) : { reason: refused };
    if ("reason" in search) failed.push({ block: block.block, reason: search.reason + hintIfApplied(plain, block) });
    else edits.push({ block, found: search.found });
  }
  const separate = withoutOverlaps(edits, failed);
  const { result, snippet } = splice(lines, separate);
  return { text: separate.length === 0 ? text : joinLines(result), applied: separate.length, failed: failed.toSorted((a, b) => a.block - b.block), snippet };
}

function locate(plain: readonly string[], block: EditBlock): ReturnType<typeof findBlock> {
  if (block.search.length === 0) return { found: { start: 0, rung: "exact", reindent: (lines) => [...lines] } };
  return findBlock(plain, block.search, block.startLine);
}

function refuse(block: EditBlock, plain: readonly string[]): string | null {
  const empty = block.search.every((line) => line.trim() === "");
  if (empty && plain.some((line) => line.trim() !== ""))
    return "the search text is empty. Give the lines that are to be replaced; to insert, repeat a neighbouring line in both parts.";
  if (block.search.length === block.replace.length && block.search.every((line, index) => line === block.replace[index]))
    return "search and replacement are the same.";
  return null;
}

function hintIfApplied(plain: readonly string[], block: EditBlock): string {
  if (block.replace.every((line) => line.trim() === "")) return "";
  const at = plain.findIndex((_, start) => block.replace.every((line, index) => line.trimEnd() === plain[start + index]?.trimEnd()));
  return at === -1 ? "" : `\nThe replacement already stands at line ${at + 1}: perhaps this block was applied before.`;
}

function withoutOverlaps(edits: readonly { block: EditBlock; found: Found }[], failed: BlockFailure[]): { block: EditBlock; found: Found }[] {
  const kept: { block: EditBlock; found: Found }[] = [];
  for (const edit of edits) {
    const end = edit.found.start + edit.block.search.length;
    const other = kept.find(({ block, found }) => edit.found.start < found.start + block.search.length && found.start < end);
    if (other === undefined) kept.push(edit);
    else failed.push({ block: edit.block.block, reason: `it changes lines that block ${other.block.block} changes too. Make one block of them.` });
  }
  return kept.toSorted((a, b) => a.found.start - b.found.start);
}

function splice(lines: readonly TextLine[], edits: readonly { block: EditBlock; found: Found }[]): { result: TextLine[]; snippet: string } {
  const ending = dominantEnding(lines);
  const result: TextLine[] = [];
  const changed: { from: number; to: number; rung: Found["rung"]; block: number }[] = [];
  let taken = 0;
  for (const { block, found } of edits) {
    result.push(...lines.slice(taken, found.start));
    taken = found.start + block.search.length;
    const replacement = found.reindent(block.replace).map((text): TextLine => ({ text, ending }));
    // the last line of a file without a final line end stays without one
    const last = replacement.at(-1);
    if (last !== undefined && taken >= lines.length && lines.length > 0) last.ending = lines.at(-1)?.ending ?? ending;
    changed.push({ from: result.length, to: result.length + replacement.length, rung: found.rung, block: block.block });
    result.push(...replacement);
  }
  result.push(...lines.slice(taken));
  const plain = result.map((line) => line.text);
  const snippet = changed
    .map(
      ({ from, to, rung, block }) =>
        `block ${block}${rung === "exact" ? "" : ` (matched by ${rung})`}:\n${numbered(plain, from - AROUND, Math.min(to + AROUND, plain.length))}`,
    )
    .join("\n\n");
  return { result, snippet };
}
