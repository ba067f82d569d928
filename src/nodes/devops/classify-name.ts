import type { SecretClass } from "#ports/secrets.ts";

/** Given to every release by the supervisor. */
const COMPUTED = new Set(["PORT", "HOST", "RELEASE", "STORAGE_DIR"]);
/** Belongs to the machine or the runtime; nobody is asked about it. */
const SYSTEM =
  /^(?:NODE_ENV|NODE_OPTIONS|NODE_PATH|PATH|HOME|PWD|USER|LOGNAME|SHELL|HOSTNAME|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|CI|DEBUG|NO_COLOR|FORCE_COLOR|TERM|LC_\w+|PYTHON\w+|npm_\w+)$/u;
/** Keys that only the service itself uses: any good random value will do. */
const GENERATED =
  /^(?:SECRET|SECRET_KEY|SECRET_KEY_BASE|APP_SECRET|APP_KEY)$|(?:^|_)(?:SESSION|COOKIE|COOKIES|JWT|CSRF|XSRF|SIGNING|HMAC|ENCRYPTION|HASH)_(?:SECRET|KEY|SALT|SIGNING_KEY)S?$|(?:^|_)(?:SALT|PEPPER)$/u;
/** Issued by somebody else, or chosen by a person who has to know it: a made-up value would be wrong without anybody noticing. */
const USER =
  /API_?(?:KEY|TOKEN)|ACCESS_KEY|CLIENT_(?:ID|SECRET)|WEBHOOK|BOT_TOKEN|AUTH_TOKEN|ACCESS_TOKEN|REFRESH_TOKEN|_DSN$|^DSN$|SMTP|STRIPE|TWILIO|SENDGRID|OPENAI|ANTHROPIC|TELEGRAM|SLACK|GITHUB|GITLAB|GOOGLE|AWS_|AZURE_|^ADMIN_|DATABASE_URL|REDIS_URL/u;
const SENSITIVE = /SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PRIVATE|CREDENTIAL|(?:^|_)KEY(?:$|_)|(?:^|_)PWD?$/u;

/**
 * What the name alone says, in order of certainty. `system`: nothing to do. `null`: a model may judge.
 * @param hasDefault whether the code falls back to a value of its own
 */
export function classifyName(name: string, hasDefault: boolean): SecretClass | "system" | null {
  if (COMPUTED.has(name)) return "computed";
  if (SYSTEM.test(name)) return "system";
  if (GENERATED.test(name)) return "generated";
  if (USER.test(name)) return hasDefault && !SENSITIVE.test(name) ? "public" : "user";
  if (hasDefault && !SENSITIVE.test(name)) return "public";
  return null;
}

/** True for names whose value must not be shown or made up as plain configuration. */
export function isSensitive(name: string): boolean {
  return SENSITIVE.test(name) || USER.test(name) || GENERATED.test(name);
}
