import type { Response } from "express";
import type { Page } from "#ports/page.ts";

interface PageOfItems<T> {
  items: T[];
  total: number;
}

/**
 * Answers one page of a list: the items themselves, how many there are in `X-Pagination-Total`, and where the next page begins in
 * `X-Pagination-Next` when there is one.
 */
export function sendPage<T extends object>(response: Response, page: PageOfItems<T>, asked: Page & { select?: string[] }): void {
  paginate(response, page, asked);
  response.json(select(page.items, asked.select));
}

/** The headers alone, for a list that is answered in a form of its own. */
export function paginate(response: Response, page: PageOfItems<object>, asked: Page): void {
  const next = asked.offset + page.items.length;
  response.set("x-pagination-total", String(page.total));
  if (page.items.length > 0 && next < page.total) response.set("x-pagination-next", String(next));
}

function select<T extends object>(items: T[], fields: string[] | undefined): object[] {
  if (fields === undefined) return items;
  const wanted = new Set(fields);
  return items.map((item) => Object.fromEntries(Object.entries(item).filter(([key]) => wanted.has(key))));
}
