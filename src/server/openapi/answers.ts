import { z } from "zod";

/** One kind of answer of an endpoint. Refusals are the same everywhere, so they are not named here. */
export interface Answer {
  what: string;
  /** What follows the headers; absent: nothing. */
  content?: { type: string; schema: z.ZodType };
  /** Headers with a meaning, and what it is. */
  headers?: Record<string, string>;
}

/** By status. */
export type Answers = Readonly<Record<number, Answer>>;

/** An answer of JSON. */
export function json(schema: z.ZodType, what = "The answer.", headers?: Record<string, string>): Answers {
  return { 200: { what, content: { type: "application/json", schema }, ...(headers === undefined ? {} : { headers }) } };
}

/** A list with its total and the way to the next page in headers; see `pages.ts`. With `select` the items have only the fields that were named. */
export function page(item: z.ZodType): Answers {
  return json(z.array(item), "One page of the list.", {
    "x-pagination-total": "How many there are in all.",
    "x-pagination-next": "`offset` of the next page; absent on the last one.",
  });
}

/** An answer without a body. */
export function nothing(what = "Done."): Answers {
  return { 204: { what } };
}

/** An answer that is no JSON. */
export function text(type: string, what: string): Answers {
  return { 200: { what, content: { type, schema: z.string() } } };
}

const RUN_ADDRESS = {
  "content-location": "The address of the run: how clients learn its id before the first event.",
  location: "Where to come back to when the connection breaks.",
};

const Events = z.string().meta({ description: "`event`, `data` (JSON) and `id` of each event; a comment line every few seconds." });

/** Server-sent events; a client that comes back says the last id that it saw. */
export function eventStream(what: string, options: { runAddress?: boolean } = {}): Answers {
  return { 200: { what, content: { type: "text/event-stream", schema: Events }, ...(options.runAddress === true ? { headers: RUN_ADDRESS } : {}) } };
}

export { RUN_ADDRESS };
