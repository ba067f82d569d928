import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { describe, expect, test } from "vitest";
import { tokenVerifier } from "#governance/identity/json-web-tokens.ts";

const ISSUER = "https://issuer.example";
const AUDIENCE = "slipway";

interface Issuer extends AsyncDisposable {
  url: string;
  keys: JWK[];
  asked: number;
  answer: "keys" | "redirect" | "error" | "junk" | "endless";
  /** A key that it publishes. */
  add(kid: string): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }>;
}

async function startIssuer(): Promise<Issuer> {
  const issuer: Omit<Issuer, "url"> = {
    keys: [],
    asked: 0,
    answer: "keys",
    async add(kid) {
      const pair = await generateKeyPair("ES256", { extractable: true });
      issuer.keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg: "ES256", use: "sig" });
      return pair;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer((request, response) => {
    issuer.asked += 1;
    if (request.url !== "/keys") return response.writeHead(200).end(JSON.stringify({ keys: issuer.keys }));
    if (issuer.answer === "redirect") return response.writeHead(302, { location: "/elsewhere" }).end();
    if (issuer.answer === "error") return response.writeHead(500).end();
    if (issuer.answer === "junk") return response.writeHead(200).end("<html>");
    if (issuer.answer === "endless") return response.writeHead(200).end("x".repeat(1_000_000));
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: issuer.keys }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return Object.assign(issuer, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` });
}

function sign(key: CryptoKey | Uint8Array, header: { alg: string; kid?: string }, claims: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT({ sub: "ada", iss: ISSUER, aud: AUDIENCE, exp: Math.floor(Date.now() / 1_000) + 600, ...claims }).setProtectedHeader(header).sign(key);
}

const refused = { code: "unauthorized" };

describe("tokens of an issuer", () => {
  test("are checked against its keys, for this issuer and this audience", async () => {
    await using issuer = await startIssuer();
    const { privateKey } = await issuer.add("one");
    const verify = tokenVerifier({ jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE });
    const header = { alg: "ES256", kid: "one" };
    expect(await verify(await sign(privateKey, header, { roles: ["approver"], name: "Ada" }))).toMatchObject({
      identity: "ada",
      displayName: "Ada",
      role: "approver",
      scopes: ["read", "write", "approve", "admin"],
    });
    for (const claims of [{ iss: "https://other.example" }, { aud: "another" }, { sub: undefined }, { exp: undefined }, { exp: 1 }, { nbf: 4_000_000_000 }])
      await expect(verify(await sign(privateKey, header, claims)), JSON.stringify(claims)).rejects.toMatchObject(refused);
    const stranger = await generateKeyPair("ES256");
    await expect(verify(await sign(stranger.privateKey, header))).rejects.toMatchObject(refused);
    expect(issuer.asked).toBe(1);
  });

  test("cannot make a public key a secret", async () => {
    await using issuer = await startIssuer();
    const { publicKey } = await issuer.add("one");
    const verify = tokenVerifier({ jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE });
    const pem = await exportSPKI(publicKey);
    const parts = [
      { alg: "HS256", kid: "one" },
      { sub: "ada", iss: ISSUER, aud: AUDIENCE, exp: 4_000_000_000 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const forged = `${parts.join(".")}.${createHmac("sha256", pem).update(parts.join(".")).digest("base64url")}`;
    await expect(verify(forged)).rejects.toMatchObject(refused);
    await expect(verify(`${Buffer.from('{"alg":"none"}').toString("base64url")}.${parts[1]}.`)).rejects.toMatchObject(refused);
    await expect(verify("not.a.token")).rejects.toMatchObject(refused);
    // nothing of it was worth a look at the issuer's keys
    expect(issuer.asked).toBe(0);
  });

  test("a new key is found, an old one counts no more, and made-up ones do not make us ask", async () => {
    await using issuer = await startIssuer();
    const old = await issuer.add("old");
    const eager = tokenVerifier({ jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE, cooldownMs: 0 });
    const patient = tokenVerifier({ jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE });
    const oldToken = await sign(old.privateKey, { alg: "ES256", kid: "old" });
    await expect(eager(oldToken)).resolves.toBeDefined();
    await expect(patient(oldToken)).resolves.toBeDefined();
    issuer.keys.length = 0;
    const next = await issuer.add("next");
    await expect(eager(await sign(next.privateKey, { alg: "ES256", kid: "next" }))).resolves.toBeDefined();
    await expect(eager(oldToken)).rejects.toMatchObject(refused);
    const { asked } = issuer;
    for (let number = 0; number < 20; number += 1)
      await expect(patient(await sign(old.privateKey, { alg: "ES256", kid: `made-up-${number}` }))).rejects.toMatchObject(refused);
    expect(issuer.asked).toBe(asked);
  });

  test.each(["redirect", "error", "junk", "endless"] as const)("an issuer that answers with %s is away, and left alone for a moment", async (answer) => {
    await using issuer = await startIssuer();
    const { privateKey } = await issuer.add("one");
    issuer.answer = answer;
    const verify = tokenVerifier({ jwksUrl: issuer.url, issuer: ISSUER, audience: AUDIENCE });
    const token = await sign(privateKey, { alg: "ES256", kid: "one" });
    await expect(verify(token)).rejects.toMatchObject({ code: "identity_unavailable" });
    await expect(verify(token)).rejects.toMatchObject({ code: "identity_unavailable" });
    if (answer !== "junk") expect(issuer.asked).toBe(1);
  });
});

describe("tokens of a secret", () => {
  const secret = "a secret of this test, long enough for HS256";
  const key = new TextEncoder().encode(secret);
  const verify = tokenVerifier({ secret });

  test("HS256 and nothing else", async () => {
    await expect(verify(await sign(key, { alg: "HS256" }))).resolves.toMatchObject({ identity: "ada", role: "user" });
    await expect(verify(await sign(new TextEncoder().encode(secret.repeat(2)), { alg: "HS512" }))).rejects.toMatchObject(refused);
    const { privateKey } = await generateKeyPair("ES256");
    await expect(verify(await sign(privateKey, { alg: "ES256" }))).rejects.toMatchObject(refused);
  });

  test.each([
    [{ scopes: ["read", "fly"] }, ["read"]],
    [{ scopes: "read write" }, ["read", "write"]],
    [{ scopes: ["fly"] }, []],
    [{ scope: "openid profile" }, ["read", "write", "approve", "admin"]],
    [{ scope: "openid slipway:read" }, ["read"]],
  ])("%o gives the scopes %o", async (claims, scopes) => {
    expect((await verify(await sign(key, { alg: "HS256" }, claims))).scopes).toEqual(scopes);
  });

  test.each([{ roles: "admin" }, { roles: ["other", "admin", "approver"] }])("%o is an administrator", async (claims) => {
    expect((await verify(await sign(key, { alg: "HS256" }, claims))).role).toBe("admin");
  });

  test.each([{ sub: "local" }, { sub: "everybody" }, { sub: "*" }, { sub: "slipway-service" }, { sub: "" }, { sub: "a\nb" }, { roles: 7 }])(
    "%o lets nobody in",
    async (claims) => {
      await expect(verify(await sign(key, { alg: "HS256" }, claims))).rejects.toMatchObject(refused);
    },
  );
});
