import { createLog, type Log } from "#log";
import type { Services } from "#ports/services.ts";
import { createApp, type AppOptions } from "#server/app.ts";
import { listen, type Listening } from "#server/listen.ts";

/** Answers for the services that one test needs; a call to any other fails the test by name. */
export type SomeServices = { [K in keyof Services]?: Partial<Services[K]> };

export const silent: Log = createLog("silent");

export interface HttpApp extends AsyncDisposable {
  readonly url: string;
  readonly server: Listening;
}

/** The real Express app on an ephemeral port of 127.0.0.1, over services that the test gives. */
export async function serveApp(some: SomeServices, options: Partial<Omit<AppOptions, "services">> = {}): Promise<HttpApp> {
  const app = createApp({
    services: completed(some),
    log: silent,
    caller: () => ({ owner: "local" }),
    allowedOrigins: ["localhost", "https://smith.langchain.com"],
    allowedHosts: [],
    servicePorts: { first: 20_000, last: 29_999 },
    ...options,
  });
  const server = await listen(app, { host: "127.0.0.1", port: 0, portWasAsked: true });
  return { url: server.url, server, [Symbol.asyncDispose]: () => server.close({ graceMs: 0 }) };
}

const GROUPS = [
  "assistants",
  "threads",
  "runs",
  "threadStream",
  "threadProtocol",
  "crons",
  "store",
  "approvals",
  "events",
  "policies",
  "projects",
  "ui",
  "system",
] as const;

function completed(some: SomeServices): Services {
  const groups = GROUPS.map((group) => {
    const given: object = some[group] ?? {};
    const strict = new Proxy(given, {
      get(target, name, receiver) {
        if (name in target) return Reflect.get(target, name, receiver) as unknown;
        throw new Error(`this test gave no ${group}.${String(name)}`);
      },
    });
    return [group, strict];
  });
  // each group answers what the test gave and throws for the rest, which is every method of the interface
  return Object.fromEntries(groups) as Services;
}
