import type { LanggraphSettings } from "#protocol/langgraph-json.ts";

/** How a client says who it is, as OpenAPI tells it. */
export interface Security {
  schemes: Record<string, object>;
  /** Any one of them is enough; empty: nobody is asked. */
  required: Record<string, string[]>[];
}

const KINDS: Record<string, object> = {
  jwt: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
  "api-key": { type: "apiKey", in: "header", name: "x-api-key" },
};
const SERVICE_KEY = { type: "apiKey", in: "header", name: "x-service-key", description: "For trusted back ends." };
const PROJECTS_OWN = { type: "http", scheme: "bearer", description: "As the project's own auth says; its langgraph.json can tell more in auth.openapi." };

/**
 * @param kinds what `AUTH` names
 * @param own `auth` of the langgraph.json, which wins
 */
export function securityOf(options: { kinds: readonly string[]; hasServiceKey: boolean; own: LanggraphSettings["auth"] }): Security {
  if (options.own?.path !== undefined) {
    const { securitySchemes, security } = options.own.openapi ?? {};
    const schemes = securitySchemes ?? { projectAuth: PROJECTS_OWN };
    return { schemes, required: security ?? Object.keys(schemes).map((name) => ({ [name]: [] })) };
  }
  const schemes: Record<string, object> = {};
  for (const kind of options.kinds) {
    const scheme = KINDS[kind];
    if (scheme !== undefined) schemes[kind] = scheme;
  }
  if (options.hasServiceKey && Object.keys(schemes).length > 0) schemes["service-key"] = SERVICE_KEY;
  return { schemes, required: Object.keys(schemes).map((name) => ({ [name]: [] })) };
}

export const NO_SECURITY: Security = { schemes: {}, required: [] };
