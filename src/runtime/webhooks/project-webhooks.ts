import { validateHeaderValue } from "node:http";
import { AppError } from "#errors";
import type { LanggraphSettings } from "#protocol/langgraph-json.ts";

/** What a project says about its webhooks. */
export interface WebhookRules {
  /** `http.disable_webhooks`: no run may name one. */
  disabled: boolean;
  requireHttps: boolean;
  /** Names, or `*.name` for all below it; null: any. */
  allowedDomains: readonly string[] | null;
  allowedPorts: readonly number[] | null;
  maxLength: number;
  /** Sent with every webhook. May hold secrets: never logged. */
  headers: Readonly<Record<string, string>>;
}

export const NO_WEBHOOK_RULES: WebhookRules = {
  disabled: false,
  requireHttps: false,
  allowedDomains: null,
  allowedPorts: null,
  maxLength: Infinity,
  headers: {},
};

const DEFAULT_PREFIX = "LG_WEBHOOK_";
const TEMPLATE = /\$\{\{\s*env\.(\w+)\s*\}\}/g;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** What we say ourselves. */
const OURS = /^(?:webhook-.*|content-type|content-length|host|connection|transfer-encoding|user-agent)$/i;

/** Reads `webhooks` and `http.disable_webhooks`. @throws AppError `invalid_config`: a header that cannot be sent, or a variable that is not set */
export function webhookRules(settings: Pick<LanggraphSettings, "webhooks" | "http">, environment: Record<string, string | undefined>): WebhookRules {
  const { url, headers, env_prefix: prefix } = settings.webhooks ?? {};
  return {
    disabled: settings.http?.disable_webhooks ?? false,
    requireHttps: url?.require_https ?? false,
    allowedDomains: url?.allowed_domains?.map((name) => name.toLowerCase()) ?? null,
    allowedPorts: url?.allowed_ports ?? null,
    maxLength: url?.max_url_length ?? Infinity,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [headerName(name), filled(name, value, prefix ?? DEFAULT_PREFIX, environment)]),
    ),
  };
}

/** Why the rules of a project do not let a webhook go to this address; null when they do. */
export function ruledOut(rules: WebhookRules, address: string): string | null {
  const { protocol, hostname, port } = new URL(address);
  if (rules.disabled) return "this server sends no webhooks (http.disable_webhooks)";
  if (rules.requireHttps && protocol !== "https:") return "only https addresses are called here (webhooks.url.require_https)";
  if (address.length > rules.maxLength) return `the address is longer than ${rules.maxLength} characters (webhooks.url.max_url_length)`;
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  if (rules.allowedPorts !== null && !rules.allowedPorts.includes(number)) return `port ${number} is not called here (webhooks.url.allowed_ports)`;
  const isAllowed = (name: string) => (name.startsWith("*.") ? hostname.endsWith(name.slice(1)) : hostname === name);
  if (rules.allowedDomains !== null && !rules.allowedDomains.some(isAllowed)) return `${hostname} is not called here (webhooks.url.allowed_domains)`;
  return null;
}

function headerName(name: string): string {
  if (HEADER_NAME.test(name) && !OURS.test(name)) return name;
  throw new AppError("invalid_config", `webhooks.headers of the langgraph.json: "${name}" is no header that can be set.`);
}

/** Only variables of the prefix are filled in, so that a project's file cannot send the others away. */
function filled(name: string, value: string, prefix: string, environment: Record<string, string | undefined>): string {
  const text = value.replaceAll(TEMPLATE, (_whole, variable: string) => {
    const found = variable.startsWith(prefix) ? environment[variable] : undefined;
    if (found !== undefined) return found;
    const problem = variable.startsWith(prefix) ? "is not set" : `does not begin with ${prefix} (webhooks.env_prefix)`;
    throw new AppError("invalid_config", `webhooks.headers of the langgraph.json: ${variable}, wanted by "${name}", ${problem}.`);
  });
  try {
    validateHeaderValue(name, text);
  } catch (cause) {
    throw new AppError("invalid_config", `webhooks.headers of the langgraph.json: "${name}" holds a line break, or a character that no header can hold.`, {
      cause,
    });
  }
  return text;
}
