import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { recordEvent } from "#db/queries/record-event.ts";
import type { AuditEntry } from "#ports/events.ts";
import { CONFORMANCE_GRAPHS } from "../../conformance/world.ts";
import { testDatabase } from "../../helpers/database.ts";
import { startServer } from "../../helpers/server.ts";

const JWT_SECRET = "a secret of tests that is long enough to be one";

function token(subject: string, roles: string[]): Promise<string> {
  return new SignJWT({ roles })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(new TextEncoder().encode(JWT_SECRET));
}

test("the audit log of others, and of nobody, is for administrators; a failed login stands in it", async () => {
  const { database, url } = await testDatabase();
  await using server = await startServer({ databaseUrl: url, langgraphJson: CONFORMANCE_GRAPHS, environment: { AUTH: "jwt", JWT_SECRET } });
  await recordEvent(database.sql, { type: "access.denied", owner: "ada", actor: "bob", data: { reason: "of ada" } });
  const ask = async (path: string, bearer: string) => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${bearer}` } });
  const types = async (path: string, bearer: string): Promise<string[]> => {
    const answer = await ask(path, bearer);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { items: AuditEntry[] }).items.map(({ type, data }) => `${type} ${String(data["reason"] ?? "")}`.trim());
  };
  expect((await ask("/events", "no-token-canary-5b1e")).status).toBe(401);
  const [ada, bob, root] = await Promise.all([token("ada", []), token("bob", []), token("root", ["admin"])]);
  for (const path of ["/events/audit-log?type=access.denied", "/events?type=access.denied"]) {
    expect(await types(path, ada)).toEqual(["access.denied of ada"]);
    expect(await types(path, bob)).toEqual([]);
    expect(await types(path, root)).toEqual(["access.denied of ada"]);
  }
  expect(await types("/events/audit-log?type=login.failed", bob)).toEqual([]);
  await expect.poll(() => types("/events/audit-log?type=login.failed", root)).toHaveLength(1);
  const rows = await database.sql`select 1 from audit_log a where a::text like '%canary-5b1e%'`;
  expect(rows).toHaveLength(0);
});
