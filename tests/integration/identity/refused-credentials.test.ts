import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { createApiKey } from "#governance/identity/api-keys.ts";
import { makeBuiltInAuth } from "#governance/identity/built-in-auth.ts";
import { MemoryRateLimiter } from "#governance/rate-limits/memory-rate-limiter.ts";
import { testDatabase } from "../../helpers/database.ts";
import { silent } from "../../helpers/http-app.ts";

function request(address: string, headers: Record<string, string>): IncomingMessage {
  // all that is looked at before a request is let in
  return { headers, socket: { remoteAddress: address } } as unknown as IncomingMessage;
}

test("an address that keeps failing is held back, a good key of the same address and other addresses are not", async () => {
  const { database } = await testDatabase();
  let now = 0;
  const failures = new MemoryRateLimiter({ perMinute: 10, burst: 10 }, () => now);
  const { identify } = makeBuiltInAuth({
    database,
    log: silent,
    tokens: null,
    apiKeys: true,
    serviceKey: null,
    failures,
    limits: { requests_per_minute: 0, runs: 0, streams: 0, body_bytes: 0 },
  });
  const order = { owner: "ada", name: "key", scopes: ["read"] as const, expiresInDays: 1, notAfter: null, createdBy: "test" };
  const { key } = await createApiKey(database.sql, order);
  const guess = (address: string) =>
    identify(request(address, { "x-api-key": "slw_guess" })).then(
      () => "let in",
      ({ code }: { code: string }) => code,
    );

  const answers = [];
  for (let time = 0; time < 12; time += 1) answers.push(await guess("192.0.2.7"));
  expect(answers).toEqual([...Array.from({ length: 10 }, () => "unauthorized"), "rate_limited", "rate_limited"]);
  expect(await identify(request("192.0.2.7", { "x-api-key": key }))).toMatchObject({ owner: "ada", rights: { role: "user", scopes: ["read"] } });
  // who brings nothing tried nothing
  await expect(identify(request("192.0.2.7", {}))).rejects.toMatchObject({ code: "unauthorized" });
  expect(await guess("192.0.2.8")).toBe("unauthorized");
  now += 60_000;
  expect(await guess("192.0.2.7")).toBe("unauthorized");
  // behind a proxy of this machine everybody has its address
  for (let time = 0; time < 12; time += 1) expect(await guess("127.0.0.1")).toBe("unauthorized");

  const told = await database.sql<{ address: string; count: number }[]>`
    select data ->> 'address' as address, count(*)::int as count from event_intake where type = 'login.failed' group by 1 order by 1`;
  expect(told).toEqual([
    { address: "127.0.0.1", count: 10 },
    { address: "192.0.2.7", count: 11 },
    { address: "192.0.2.8", count: 1 },
  ]);
});
