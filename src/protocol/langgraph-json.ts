import { z } from "zod";
import { maybe } from "./fields.ts";

const GraphEntry = z.union([z.string(), z.object({ path: z.string(), description: z.string().nullish() }).loose()]);

const Minutes = z.number().positive();

const Cors = z.object({
  allow_origins: maybe(z.array(z.string())),
  allow_methods: maybe(z.array(z.string())),
  allow_headers: maybe(z.array(z.string())),
  allow_credentials: maybe(z.boolean()),
  /** Must match the whole origin. */
  allow_origin_regex: maybe(z.string()),
  expose_headers: maybe(z.array(z.string())),
  /** Seconds. */
  max_age: maybe(z.number().int().nonnegative()),
});

/** Which request headers become `config.configurable` of a run; `*` stands for any text. */
const HeaderChoice = z.object({ includes: maybe(z.array(z.string())), excludes: maybe(z.array(z.string())) });

const Http = z.object({
  /** `file:export` of an application with `fetch(request)`, such as one of Hono. */
  app: maybe(z.string()),
  disable_assistants: maybe(z.boolean()),
  disable_threads: maybe(z.boolean()),
  disable_runs: maybe(z.boolean()),
  disable_store: maybe(z.boolean()),
  disable_meta: maybe(z.boolean()),
  disable_mcp: maybe(z.boolean()),
  disable_a2a: maybe(z.boolean()),
  disable_ui: maybe(z.boolean()),
  disable_webhooks: maybe(z.boolean()),
  cors: maybe(Cors),
  configurable_headers: maybe(HeaderChoice),
  mount_prefix: maybe(
    z
      .string()
      .regex(/^\/[\w~.-]+(?:\/[\w~.-]+)*\/?$/, "must begin with / and hold plain path segments")
      .transform((prefix) => prefix.replace(/\/$/, "")),
  ),
});

/** Times are minutes. */
const Store = z.object({
  index: maybe(
    z.object({
      dims: z.number().int().positive().max(16_000),
      /** `provider:model`, or `file:export` of a function over texts. */
      embed: z.string(),
      fields: maybe(z.array(z.string())),
    }),
  ),
  ttl: maybe(z.object({ default_ttl: maybe(Minutes), refresh_on_read: maybe(z.boolean()), sweep_interval_minutes: maybe(Minutes) })),
});

/** Times are minutes. */
const CheckpointerSettings = z.object({
  ttl: maybe(
    z.object({
      strategy: maybe(z.enum(["delete", "keep_latest"])),
      default_ttl: maybe(Minutes),
      sweep_interval_minutes: maybe(Minutes),
      sweep_waiting: maybe(z.boolean()),
    }),
  ),
  serde: maybe(z.unknown()),
});

const Webhooks = z.object({
  env_prefix: maybe(z.string()),
  url: maybe(
    z.object({
      require_https: maybe(z.boolean()),
      allowed_domains: maybe(z.array(z.string())),
      allowed_ports: maybe(z.array(z.number().int())),
      max_url_length: maybe(z.number().int().positive()),
      disable_loopback: maybe(z.boolean()),
    }),
  ),
  headers: maybe(z.record(z.string(), z.string())),
});

/**
 * The whole of a langgraph.json, as LangGraph's command line and platform document it. Absent and `null` are the same. What is unknown
 * here is dropped; `ignoredKeys` says what that was.
 */
export const LanggraphJson = z.object({
  graphs: z.record(z.string(), GraphEntry, { error: 'names what is served, as in {"agent": "./agent.ts:graph"}' }),
  /** Name of a file beside it, or the variables themselves. */
  env: maybe(z.union([z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))])),
  node_version: maybe(z.union([z.string(), z.number()])),
  auth: maybe(
    z.object({
      path: maybe(z.string()),
      disable_studio_auth: maybe(z.boolean()),
      /** What `/openapi.json` says of it. */
      openapi: maybe(
        z.object({
          securitySchemes: maybe(z.record(z.string(), z.record(z.string(), z.unknown()))),
          security: maybe(z.array(z.record(z.string(), z.array(z.string())))),
        }),
      ),
    }),
  ),
  http: maybe(Http),
  /** Graph id to the file whose default export names its components. */
  ui: maybe(z.record(z.string(), z.string())),
  /** `shared`: packages that the page brings itself. */
  ui_config: maybe(z.object({ shared: maybe(z.array(z.string())) })),
  store: maybe(Store),
  checkpointer: maybe(CheckpointerSettings),
  webhooks: maybe(Webhooks),
});

export type LanggraphSettings = z.infer<typeof LanggraphJson>;
export type HttpSettings = NonNullable<LanggraphSettings["http"]>;
export type CorsSettings = NonNullable<HttpSettings["cors"]>;

/** Documented elsewhere, and without effect here. What only says how to build an image is not among them: it asks nothing of a server. */
const NOT_HONOURED: Record<string, string> = {
  node_loader: "TypeScript is always loaded by tsx",
  "auth.cache": "every request is authenticated",
  "http.logging_headers": "headers are never logged",
  "http.middleware_order": "the middleware of http.app always comes first",
  "http.enable_custom_route_auth": "routes of http.app are authenticated like all others",
  "checkpointer.serde": "checkpoints have one format",
  "checkpointer.ttl.sweep_limit": "sweeps choose their own size",
  "store.ttl.sweep_limit": "sweeps choose their own size",
};

const BUILD_ONLY = new Set([
  "$schema",
  "api_version",
  "base_image",
  "build_tools_to_uninstall",
  "dependencies",
  "docker_compose_file",
  "dockerfile_lines",
  "image_distro",
  "keep_pkg_tools",
  "node_version",
  "pip_config_file",
  "pip_installer",
  "python_version",
  "source",
]);

/** Objects whose keys are all named in the schema; in others (graphs, env, ui) any key is right. */
const CLOSED: Record<string, z.ZodObject> = {
  "": LanggraphJson,
  auth: LanggraphJson.shape.auth.in.unwrap().unwrap(),
  http: Http,
  "http.cors": Cors,
  store: Store,
  "store.ttl": Store.shape.ttl.in.unwrap().unwrap(),
  checkpointer: CheckpointerSettings,
  "checkpointer.ttl": CheckpointerSettings.shape.ttl.in.unwrap().unwrap(),
  webhooks: Webhooks,
};

/**
 * What a langgraph.json says that has no effect on this server, in words, one a key.
 *
 * @param json what parsed as `LanggraphJson`
 */
export function ignoredKeys(json: unknown): string[] {
  const ignored: string[] = [];
  for (const [place, schema] of Object.entries(CLOSED)) {
    const value = at(json, place);
    if (value === null) continue;
    for (const key of Object.keys(value)) {
      const path = place === "" ? key : `${place}.${key}`;
      const reason = NOT_HONOURED[path];
      if (reason !== undefined) ignored.push(`${path} (${reason})`);
      else if (!(key in schema.shape) && !(place === "" && BUILD_ONLY.has(key))) ignored.push(`${path} (not known here)`);
    }
  }
  return ignored;
}

function at(json: unknown, place: string): Record<string, unknown> | null {
  let value: unknown = json;
  for (const key of place === "" ? [] : place.split(".")) value = isRecord(value) ? value[key] : undefined;
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
