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
 *
 * A list is stored again at every step with most of it as it was. So an element remembers the page that it fills, and a part's name the node
 * that was last made of that part and the three after it: a step makes the names of what is new, and reads the others.
 */
export interface ListElement {
  /** Never changes: what says something else is another element. */
  readonly json: Uint8Array;
  /** The page that it fills by itself, once somebody made or read that. */
  page: Part | null;
}

/** What a part is called: its hash in hex. */
class PartName {
  readonly key: string;
  /**
   * The node that was last made of this part and others after it. It names them by their keys: with references, an element that outlives its
   * list would keep the list.
   */
  above: { readonly keys: readonly string[]; readonly body: Buffer; readonly name: PartName } | null = null;

  constructor(key: string) {
    this.key = key;
  }
}

/** A page (nothing is below it) or a node. */
export interface Part {
  readonly name: PartName;
  readonly body: Uint8Array;
  readonly below: readonly Part[];
}

export interface StoredList {
  readonly root: Buffer;
  /** The parts that the root names; the others are below them. */
  readonly tops: readonly Part[];
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
const NOTHING: readonly Part[] = [];
const COMMA = Buffer.from(",");
const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");

/** Splits a list; null when it is too short to be worth it. */
export function splitList(elements: readonly ListElement[]): StoredList | null {
  let total = 0;
  for (const { json } of elements) total += json.length + 1;
  if (total < SMALLEST_LIST_BYTES) return null;
  const { pages, open } = packPages(elements);
  // levels[n]: parts of level n that no node covers yet, oldest first
  const levels: Part[][] = [[]];
  for (const page of pages) {
    levels[0]?.push(page);
    // one node a page at most: filling several levels at once would make that step dear, and the next pages have time for them
    const level = levels.findIndex((row) => row.length >= FAN_OUT);
    if (level < 0) continue;
    (levels[level + 1] ??= []).push(nodeOf(level + 1, levels[level]?.splice(0, FAN_OUT) ?? []));
  }
  const entries: Uint8Array[] = [];
  const tops: Part[] = [];
  // the higher the older
  for (let level = levels.length - 1; level >= 0; level -= 1)
    for (const part of levels[level] ?? []) {
      entries.push(Buffer.of(level), hashOf(part.name.key));
      tops.push(part);
    }
  return { root: Buffer.concat([Buffer.of(tops.length), ...entries, open]), tops };
}

/** The parts that are not known to be stored, each once, by their names in hex. Below a known one everything is stored. */
export function partsToStore(tops: readonly Part[], known?: ReadonlySet<string>): Map<string, { hash: Buffer; body: Uint8Array }> {
  const parts = new Map<string, { hash: Buffer; body: Uint8Array }>();
  const collect = ({ name: { key }, body, below }: Part): void => {
    if (known?.has(key) === true || parts.has(key)) return;
    parts.set(key, { hash: hashOf(key), body });
    for (const part of below) collect(part);
  };
  for (const part of tops) collect(part);
  return parts;
}

/** Texts of elements, or of pages of them, as the plain JSON of a list. */
export function wholeList(texts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([OPEN, ...texts.flatMap((text, place) => (place === 0 ? [text] : [COMMA, text])), CLOSE]);
}

function packPages(elements: readonly ListElement[]): { pages: Part[]; open: Buffer } {
  const pages: Part[] = [];
  let page: Uint8Array[] = [];
  let size = 0;
  for (const element of elements) {
    const { json } = element;
    if (page.length === 0 && json.length >= PAGE_BYTES) {
      pages.push((element.page ??= pageOf(json)));
      continue;
    }
    if (page.length > 0) page.push(COMMA);
    page.push(json);
    size += json.length;
    if (size >= PAGE_BYTES) {
      pages.push(pageOf(Buffer.concat(page)));
      page = [];
      size = 0;
    }
  }
  return { pages, open: Buffer.concat(page) };
}

function pageOf(body: Uint8Array): Part {
  return { name: nameOf(0, body), body, below: NOTHING };
}

function nodeOf(level: number, below: readonly Part[]): Part {
  const first = below[0]?.name;
  const known = first?.above;
  if (known && known.keys.every((key, place) => below[place]?.name.key === key)) return { name: known.name, body: known.body, below };
  const keys = below.map((part) => part.name.key);
  const body = hashOf(keys.join(""));
  const name = nameOf(level, body);
  if (first) first.above = { keys, body, name };
  return { name, body, below };
}

function nameOf(level: number, body: Uint8Array): PartName {
  // the level is hashed too: a page must never pass for a node. In one call: with hundreds of pages a step, a hash object each would cost more than hashing
  return new PartName(hash("sha256", Buffer.concat([Buffer.of(level), body]), "hex").slice(0, 2 * HASH_BYTES));
}

function hashOf(key: string): Buffer {
  return Buffer.from(key, "hex");
}

/**
 * A stored list: its closed pages, and the open one as it stands (nothing, where it is empty). `find` gives a stored part's body by its hash in hex.
 * @throws Error when a part is missing: the rows do not belong together.
 */
export function pagesOf(root: Buffer, find: (key: string) => Buffer | undefined): { pages: Part[]; open: Buffer } {
  const pages: Part[] = [];
  const collect = (level: number, key: string): PartName => {
    const body = find(key);
    if (!body) throw new Error(`A stored list misses its part ${key}.`);
    const name = new PartName(key);
    if (level === 0) pages.push({ name, body, below: NOTHING });
    else {
      const keys: string[] = [];
      let first: PartName | undefined;
      for (let at = 0; at < body.length; at += HASH_BYTES) {
        const below = collect(level - 1, body.toString("hex", at, at + HASH_BYTES));
        keys.push(below.key);
        first ??= below;
      }
      if (first) first.above = { keys, body, name };
    }
    return name;
  };
  const entries = root[0] ?? 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 1 + entry * ENTRY_BYTES;
    collect(root[at] ?? 0, root.toString("hex", at + 1, at + ENTRY_BYTES));
  }
  return { pages, open: root.subarray(1 + entries * ENTRY_BYTES) };
}
