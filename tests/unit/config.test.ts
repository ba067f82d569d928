import { describe, expect, test } from "vitest";
import { readConfig } from "#config";

describe("configuration", () => {
  test("has a default for everything", () => {
    expect(readConfig({})).toMatchObject({
      HOST: "127.0.0.1",
      ROLE: "all",
      AUTH: [],
      CORS_ORIGINS: [],
      DATA_DIR: "./.slipway",
      N_JOBS_PER_WORKER: 10,
      ALLOW_UNSANDBOXED: false,
    });
  });

  test("an empty variable is an unset one", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: "", OPENAI_API_KEY: "" })).not.toHaveProperty("PORT");
  });

  test("names every variable that is wrong", () => {
    expect(() => readConfig({ PORT: "many", ROLE: "boss", N_JOBS_PER_WORKER: "0" })).toThrow(/PORT[^]*ROLE[^]*N_JOBS_PER_WORKER/);
  });

  test.each(["localhost:5432", "mysql://root@127.0.0.1/test", "/var/run/postgresql"])("refuses %s as a database", (address) => {
    expect(() => readConfig({ DATABASE_URL: address })).toThrow(/DATABASE_URL: must look like postgres:/);
  });

  const SECRET = "x".repeat(32);
  const JWKS = { JWKS_URL: "https://issuer.example/keys", JWT_ISSUER: "https://issuer.example", JWT_AUDIENCE: "slipway" };

  test.each([
    [{ AUTH: "api-key" }, ["api-key"]],
    [{ AUTH: "none" }, []],
    [{ AUTH: " , " }, []],
    [{ AUTH: " JWT , api-key,jwt", JWT_SECRET: SECRET }, ["jwt", "api-key"]],
    [{ AUTH: "jwt", ...JWKS }, ["jwt"]],
    [{ AUTH: "jwt", ...JWKS, JWKS_URL: "http://127.0.0.1:8080/keys", SERVICE_KEY: SECRET }, ["jwt"]],
    // somebody's own auth.ts may read them
    [{ JWT_SECRET: "short" }, []],
  ])("takes the identities of %o", (environment, kinds) => {
    expect(readConfig(environment)).toMatchObject({ AUTH: kinds });
  });

  test.each([
    [{ AUTH: "password" }, "AUTH"],
    [{ AUTH: "none,jwt" }, "AUTH"],
    [{ AUTH: "jwt" }, "JWT_SECRET"],
    [{ AUTH: "jwt", JWT_SECRET: "short" }, "JWT_SECRET is shorter"],
    [{ AUTH: "jwt", JWT_SECRET: SECRET, ...JWKS }, "two issuers"],
    [{ AUTH: "jwt", ...JWKS, JWKS_URL: "http://issuer.example/keys" }, "https://"],
    [{ AUTH: "jwt", ...JWKS, JWKS_URL: "https://me:secret@issuer.example/keys" }, "https://"],
    [{ AUTH: "jwt", ...JWKS, JWT_AUDIENCE: "" }, "JWT_AUDIENCE"],
    [{ AUTH: "api-key", SERVICE_KEY: "short" }, "SERVICE_KEY"],
    [{ AUTH: "api-key", ALLOW_UNSANDBOXED: "true" }, "ALLOW_UNSANDBOXED"],
  ])("refuses %o, and says %s", (environment, words) => {
    expect(() => readConfig(environment)).toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringContaining(words) }) as Error);
  });

  test("takes origins in a list", () => {
    expect(readConfig({ CORS_ORIGINS: " https://a.example ,https://b.example,, " })).toMatchObject({
      CORS_ORIGINS: ["https://a.example", "https://b.example"],
    });
  });

  test("a refusal never tells the secret", () => {
    expect(() => readConfig({ AUTH: "jwt", JWT_SECRET: "canary" })).not.toThrow(/canary/);
  });

  test("limits nobody where everybody is the owner, and takes the rate it is given", () => {
    expect(readConfig({})).toMatchObject({ RATE_LIMIT_PER_MINUTE: 0 });
    expect(readConfig({ AUTH: "api-key" })).toMatchObject({ RATE_LIMIT_PER_MINUTE: 60, RATE_LIMIT_BURST: 20 });
    expect(readConfig({ RATE_LIMIT_PER_MINUTE: "90" })).toMatchObject({ RATE_LIMIT_PER_MINUTE: 90, RATE_LIMIT_BURST: 20 });
    expect(readConfig({ RATE_LIMIT_PER_MINUTE: "90", RATE_LIMIT_BURST: "5" })).toMatchObject({ RATE_LIMIT_BURST: 5 });
  });

  test.each([
    { RATE_LIMIT_PER_MINUTE: "fast" },
    { RATE_LIMIT_PER_MINUTE: "-1" },
    { RATE_LIMIT_PER_MINUTE: "60", RATE_LIMIT_BURST: "0" },
    { RATE_LIMIT_BURST: "5" },
  ])("refuses limits that limit nothing: %o", (environment) => {
    expect(() => readConfig(environment)).toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringContaining("RATE_LIMIT") }) as Error);
  });

  test.each(["MAX_RUNS_PER_USER", "MAX_STREAMS_PER_USER", "MAX_BODY_BYTES"])("refuses a limit that is none: %s", (name) => {
    for (const value of ["many", "-1", "1.5", "1e12"])
      expect(() => readConfig({ [name]: value }), value).toThrow(
        expect.objectContaining({ code: "invalid_config", message: expect.stringContaining(name) as string }) as Error,
      );
    expect(() => readConfig({ MAX_BODY_BYTES: "0" })).toThrow("MAX_BODY_BYTES");
    expect(readConfig({})).toMatchObject({ MAX_BODY_BYTES: 10 * 1024 * 1024 });
  });

  test("takes secrets for webhooks that receivers can check, and no others", () => {
    const [one, other] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`);
    expect(readConfig({ WEBHOOK_SECRET: `${one} ${other}` })).toMatchObject({ WEBHOOK_SECRET: [one, other] });
    for (const secret of ["secret", "whsec_short", `whsec_${Buffer.alloc(65).toString("base64")}`, `${one} secret`]) {
      const refused = expect(() => readConfig({ WEBHOOK_SECRET: secret }));
      refused.toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringContaining("WEBHOOK_SECRET") }) as Error);
    }
  });

  test("cannot be changed", () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});
