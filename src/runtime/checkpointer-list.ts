import { hash } from "node:crypto";

/**
 * How a long list is stored so that adding to it writes the addition, not the list.
 *
 *   elements  JSON texts, packed in order into pages; a page is closed once it holds PAGE_BYTES. Packing looks only backwards, so
 *             adding at the end leaves every closed page as it was.
 *   parts     closed pages and, above them, nodes: four hashes of consecutive parts of one level. Stored once a thread, by hash.
 *   root      what the channel's row holds: the parts that no full node covers, highest level (the oldest elements) first, and the
 *             open page as it stands. At most four entries a level, so it grows with the logarithm of the list.
 *
 * A part's hash covers all below it, so who finds a part stored finds everything under it stored too.
 *
 * Root, in bytes: number of entries (1), entries (level 1, hash 16), then the open page's JSON, elements joined by commas.
 */
export interface Part {
  readonly hash: Buffer;
  readonly body: Uint8Array;
}

export interface StoredList {
  readonly root: Buffer;
  /** Every page and node of the list, also those that are stored already. */
  readonly parts: readonly Part[];
}

/** The type of a channel row that holds a root. */
export const LIST_TYPE = "list";
/** Of SHA-256, cut: parts are found within one thread only, and 128 bits meet by accident never. */
export const HASH_BYTES = 16;
export const ENTRY_BYTES = 1 + HASH_BYTES;
const FAN_OUT = 4;
/** With the root that repeats the open page, and the row of each part, this keeps a step that adds a word to a long list below a kilobyte. */
const PAGE_BYTES = 128;
/** Shorter lists are as cheap as they are; longer ones must not be written again at every step. */
const SMALLEST_LIST_BYTES = 192;
const COMMA = Buffer.from(",");
const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");

/** Splits a list given as the JSON of its elements; null when it is too short to be worth it. */
export function splitList(elements: readonly Uint8Array[]): StoredList | null {
  let total = 0;
  for (const element of elements) total += element.length + 1;
  if (total < SMALLEST_LIST_BYTES) return null;
  const parts: Part[] = [];
  const { pages, open } = packPages(elements);
  // levels[n]: hashes of level n that no node covers yet, oldest first
  const levels: Buffer[][] = [[]];
  for (const page of pages) {
    levels[0]?.push(addPart(parts, 0, page));
    // one node a page at most: filling several levels at once would make that step dear, and the next pages have time for them
    const level = levels.findIndex((row) => row.length >= FAN_OUT);
    if (level < 0) continue;
    const above = (levels[level + 1] ??= []);
    above.push(addPart(parts, level + 1, Buffer.concat(levels[level]?.splice(0, FAN_OUT) ?? [])));
  }
  const entries = levels.flatMap((row, level) => row.map((hash) => ({ level, hash })));
  // within a level oldest first, and the higher the older
  entries.sort((one, two) => two.level - one.level);
  const head = entries.flatMap(({ level, hash }) => [Buffer.of(level), hash]);
  return { root: Buffer.concat([Buffer.of(entries.length), ...head, open]), parts };
}

/** The same list as plain JSON. */
export function wholeList(elements: readonly Uint8Array[]): Buffer {
  return Buffer.concat([OPEN, ...elements.flatMap((element, place) => (place === 0 ? [element] : [COMMA, element])), CLOSE]);
}

function packPages(elements: readonly Uint8Array[]): { pages: Uint8Array[]; open: Buffer } {
  const pages: Uint8Array[] = [];
  let page: Uint8Array[] = [];
  let size = 0;
  for (const element of elements) {
    if (page.length > 0) page.push(COMMA);
    page.push(element);
    size += element.length;
    if (size >= PAGE_BYTES) {
      // an element that fills a page stays the same object, under which its name is known
      pages.push(page.length === 1 && page[0] !== undefined ? page[0] : Buffer.concat(page));
      page = [];
      size = 0;
    }
  }
  return { pages, open: Buffer.concat(page) };
}

/** Hashes of pages that are elements remembered from step to step (see `checkpointer-elements.ts`); their bytes never change. */
const pageNames = new WeakMap<Uint8Array, Buffer>();

function addPart(parts: Part[], level: number, body: Uint8Array): Buffer {
  const known = level === 0 ? pageNames.get(body) : undefined;
  // the level is hashed too: a page must never pass for a node. In one call: with hundreds of pages a step, a hash object each would cost more than hashing
  const name = known ?? hash("sha256", Buffer.concat([Buffer.of(level), body]), "buffer").subarray(0, HASH_BYTES);
  if (level === 0 && known === undefined) pageNames.set(body, name);
  parts.push({ hash: name, body });
  return name;
}

/**
 * The list's JSON again, in pages: elements joined by commas. `find` gives a stored part's body by its hash in hex.
 * @throws Error when a part is missing: the rows do not belong together.
 */
export function pagesOf(root: Buffer, find: (hash: string) => Buffer | undefined): Buffer[] {
  const pages: Buffer[] = [];
  const collect = (level: number, name: Buffer): void => {
    const body = find(name.toString("hex"));
    if (!body) throw new Error(`A stored list misses its part ${name.toString("hex")}.`);
    if (level === 0) {
      pages.push(body);
      pageNames.set(body, name);
    } else for (let at = 0; at < body.length; at += HASH_BYTES) collect(level - 1, body.subarray(at, at + HASH_BYTES));
  };
  const entries = root[0] ?? 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 1 + entry * ENTRY_BYTES;
    collect(root[at] ?? 0, root.subarray(at + 1, at + ENTRY_BYTES));
  }
  const open = root.subarray(1 + entries * ENTRY_BYTES);
  if (open.length > 0) pages.push(open);
  return pages;
}
