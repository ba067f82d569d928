/**
 * How an environment name gets its value. `generated`: made by Slipway once per project. `computed`: known at deploy time
 * (PORT, HOST, RELEASE, STORAGE_DIR, URLs). `user`: only a person has it. `public`: plain configuration with a default.
 */
export type SecretClass = "generated" | "computed" | "user" | "public";

export interface SecretReference {
  name: string;
  version: number;
  /** `secret://<project slug>/<name>@<version>` */
  reference: string;
}

/** Values go in and never come out: only the supervisor's child process sees them. Encrypted at rest (AES-256-GCM, key SECRETS_KEY). */
export interface SecretsPort {
  /** Makes a random value unless the name already has one. */
  ensureGenerated(projectId: string, name: string): Promise<SecretReference>;
  /** References of the names that have a value; the others are missing. */
  references(projectId: string, names: readonly string[]): Promise<{ present: SecretReference[]; missing: string[] }>;
}
