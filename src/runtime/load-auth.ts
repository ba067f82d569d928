/**
 * `auth` of a langgraph.json: `new Auth()` of @langchain/langgraph-sdk/auth, with one function that says who asks and any number of rules.
 *
 * The rule for an event is the first there is of `resource:action`, `resource`, `*:action`, `*`. It gets a copy of what is asked, may
 * change it, and answers: nothing or true (let in), false (403), a filter (let in to what matches), or throws an `HTTPException`.
 * Whatever else it answers, or throws, lets nobody in.
 */
import { z } from "zod";
import { AppError, isAppError, toAppError } from "#errors";
import type { AuthEvent, CallerUser, Judge, Verdict } from "#ports/access.ts";
import type { ProjectAuth } from "#ports/authentication.ts";
import type { Caller } from "#ports/caller.ts";
import { AuthenticatedUser, AuthFilter, AuthRefusal, NOT_AUTHORIZED } from "#protocol/auth.ts";
import { importExport, locateExport } from "./foreign-export.ts";
import type { LanggraphProject } from "./langgraph-project.ts";

const LOAD_MS = 60_000;
const STORE_EVENTS: readonly AuthEvent[] = ["store:put", "store:get", "store:delete", "store:search", "store:list_namespaces"];

/** The name by which LangGraph Studio is known to rules (`isStudioUser` of the SDK). */
const STUDIO_USER = {
  kind: "StudioUser",
  identity: "langgraph-studio-user",
  display_name: "langgraph-studio-user",
  is_authenticated: true,
  permissions: [] as string[],
} satisfies CallerUser;

type Handler = (question: Record<string, unknown>) => unknown;

interface Handlers {
  authenticate: (request: Request) => unknown;
  rules: ReadonlyMap<string, Handler>;
}

/**
 * Null when the langgraph.json names no auth. One that does not load ends the start: serving without it would be serving everybody.
 *
 * @throws AppError `invalid_config`
 */
export async function loadAuth(project: LanggraphProject): Promise<ProjectAuth | null> {
  const settings = project.settings.auth;
  if (settings === undefined) return null;
  const spec = settings.path;
  if (spec === undefined)
    throw new AppError("invalid_config", `auth in ${project.configPath} names no path. Give it one, such as "./auth.ts:auth", or remove it.`);
  let exported: unknown;
  try {
    exported = await importExport(locateExport(spec, "auth.path", project), LOAD_MS);
  } catch (cause) {
    throw new AppError("invalid_config", `auth.path (${spec}) did not load, and without it everybody would be let in: ${toAppError(cause).message}`, { cause });
  }
  return projectAuth(handlersOf(exported, spec), { studio: settings.disable_studio_auth !== true });
}

function handlersOf(exported: unknown, spec: string): Handlers {
  const cache = isDictionary(exported) ? exported["~handlerCache"] : undefined;
  if (!isDictionary(cache)) throw new AppError("invalid_config", `auth.path (${spec}) is no "new Auth()" of @langchain/langgraph-sdk/auth.`);
  const { authenticate, callbacks } = cache;
  if (typeof authenticate !== "function")
    throw new AppError("invalid_config", `auth.path (${spec}) has no authenticate(), so nobody could be told from anybody.`);
  const rules = new Map<string, Handler>();
  for (const [event, rule] of Object.entries(isDictionary(callbacks) ? callbacks : {})) {
    if (typeof rule !== "function") throw new AppError("invalid_config", `auth.path (${spec}): the rule for "${event}" is no function.`);
    // what it takes and answers is checked at each call
    rules.set(event, rule as Handler);
  }
  return { authenticate: authenticate as Handlers["authenticate"], rules };
}

function projectAuth(handlers: Handlers, options: { studio: boolean }): ProjectAuth {
  const callerOf = (user: CallerUser, given: unknown): Caller => ({ owner: user.identity, user, judge: judgeFor(handlers, user, given) });
  return {
    studio: options.studio ? callerOf(STUDIO_USER, STUDIO_USER) : null,
    judgeOf: (user) => judgeFor(handlers, user, user),
    sharesStore: STORE_EVENTS.every((event) => ruleFor(handlers, event) !== undefined),
    async authenticate(request) {
      const given = await inItsWords(async () => handlers.authenticate(request));
      const read = AuthenticatedUser.safeParse(given);
      if (!read.success) throw new AppError("internal", `authenticate() answered no name and no user with a usable identity: ${z.prettifyError(read.error)}`);
      if (!read.data.is_authenticated) throw new AuthRefusal(401, "Unauthorized");
      // what is kept with a run and sent between processes is JSON; rules of this process get what authenticate() made
      const user = JSON.parse(JSON.stringify(read.data)) as CallerUser;
      return callerOf(user, typeof given === "object" ? { ...given, ...read.data } : read.data);
    },
  };
}

function ruleFor(handlers: Handlers, event: AuthEvent): Handler | undefined {
  const [resource = "", action = ""] = event.split(":");
  return [event, resource, `*:${action}`, "*"].map((name) => handlers.rules.get(name)).find((rule) => rule !== undefined);
}

function judgeFor(handlers: Handlers, user: CallerUser, given: unknown): Judge {
  return async (event, value): Promise<Verdict | null> => {
    const rule = ruleFor(handlers, event);
    if (rule === undefined) return null;
    const [resource, action] = event.split(":");
    const answer = await inItsWords(async () => rule({ event, resource, action, value, permissions: user.permissions, user: given }));
    if (answer === undefined || answer === null || answer === true) return { value, contains: {} };
    if (answer === false) throw new AppError("forbidden", NOT_AUTHORIZED);
    const filter = AuthFilter.safeParse(answer);
    if (!filter.success) throw new AppError("internal", `The rule for ${event} answered a filter that cannot be applied: ${z.prettifyError(filter.error)}`);
    return { value, contains: filter.data };
  };
}

/** Lets an `HTTPException` of whatever copy of the SDK through as it is; every other failure of the project's code is no answer. */
async function inItsWords(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error)) throw error;
    if (!isHttpException(error)) throw new AppError("internal", "The project's auth failed.", { cause: error });
    throw new AuthRefusal(error.status, error.message || "Unauthorized", plainHeaders(error.headers), error);
  }
}

function isHttpException(error: unknown): error is Error & { status: number; headers: unknown } {
  return (
    error instanceof Error &&
    "status" in error &&
    "headers" in error &&
    Number.isInteger(error.status) &&
    Number(error.status) >= 400 &&
    Number(error.status) <= 599
  );
}

function plainHeaders(headers: unknown): Record<string, string> {
  // the SDK's type says HeadersInit; what is none is left out rather than failing a refusal
  try {
    return Object.fromEntries(new Headers(headers as Record<string, string>));
  } catch {
    return {};
  }
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
