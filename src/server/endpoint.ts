import { Router, type Request, type Response } from "express";
import type { z } from "zod";
import type { Caller } from "#ports/caller.ts";
import type { Answers } from "./openapi/answers.ts";
import { parse } from "./parse.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";

/**
 * What an endpoint takes and answers. The schemas that describe it in `/openapi.json` are those that its requests are parsed with, so the two
 * cannot part.
 */
export interface Description<P, Q, B, O> {
  /** One line, for a list of endpoints. */
  summary: string;
  /** What else a caller should know; Markdown. */
  about?: string;
  path?: P;
  query?: Q;
  body?: B;
  /** A body that the handler itself, or the library behind it, reads: described here and not parsed. */
  bodyReadElsewhere?: z.ZodType;
  /** Request headers with a meaning here, and what it is. */
  headers?: Record<string, string>;
  answers: Answers;
  /** Asked by anybody, without an identity. */
  open?: O;
}

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

export interface Asked<P, Q, B, O> {
  request: Request;
  response: Response;
  /** Null where anybody may ask. */
  who: O extends true ? null : Caller;
  path: Parsed<P>;
  query: Parsed<Q>;
  body: Parsed<B>;
}

type Schema = z.ZodType | undefined;
type Handler<P, Q, B, O> = (asked: Asked<P, Q, B, O>) => Promise<void> | void;

/** One method on one path, as the document tells it. */
export interface Endpoint extends Description<Schema, Schema, Schema, boolean> {
  method: Method;
  /** With `:name` for parameters. */
  template: string;
  tag: string;
}

type Register = <P extends Schema = undefined, Q extends Schema = undefined, B extends Schema = undefined, O extends boolean = false>(
  templates: string | readonly string[],
  description: Description<P, Q, B, O>,
  handler: Handler<P, Q, B, O>,
) => void;

const described = new WeakMap<Router, Endpoint[]>();

/** A group of endpoints: an Express router that knows what it serves. */
export type Endpoints = Record<Method, Register> & { readonly router: Router };

/**
 * @param tag under which the document lists them
 * @param caller who asks; settled before anything is parsed, so that a stranger learns nothing of what would be wrong
 */
export function endpoints(tag: string, caller: (request: Request) => Caller): Endpoints {
  const router = Router();
  const known: Endpoint[] = [];
  described.set(router, known);

  const register =
    (method: Method): Register =>
    (templates, description, handler) => {
      const { path, query, body, open } = description;
      for (const template of [templates].flat()) {
        known.push({ ...description, method, template, tag });
        router[method](template, (request, response) =>
          handler({
            request,
            response,
            // the types of what is given follow from the description, as `Parsed` and `Asked` say
            who: (open === true ? null : caller(request)) as never,
            path: (path && parse(path, request.params, "path")) as never,
            query: (query && parse(query, request.query, "query")) as never,
            body: (body && parse(body, request.body, "body")) as never,
          }),
        );
      }
    };

  return { router, get: register("get"), post: register("post"), put: register("put"), patch: register("patch"), delete: register("delete") };
}

/** What a group of endpoints serves; nothing for a router that was not made by {@link endpoints}. */
export function endpointsOf(router: Router): readonly Endpoint[] {
  return described.get(router) ?? [];
}
