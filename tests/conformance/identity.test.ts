import { Client } from "@langchain/langgraph-sdk";
import { expect } from "vitest";
import { bearer, JWT_SECRET } from "../helpers/tokens.ts";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

const here = world({
  langgraphJson: fixture("projects/custom-auth/without.json"),
  environment: () => ({ AUTH: "jwt,api-key", JWT_SECRET, RATE_LIMIT_PER_MINUTE: "0" }),
});

verifies("identity.siblings", async () => {
  const [acme, corp] = await Promise.all(
    ["acme", "acme-corp"].map(async (sub) => {
      const defaultHeaders = await bearer({ sub });
      return new Client({ apiUrl: here.server.url, apiKey: null, defaultHeaders, callerOptions: { maxRetries: 0 } });
    }),
  );
  if (acme === undefined || corp === undefined) throw new Error("there are two");
  await acme.store.putItem(["plans", "acme"], "k", { note: "canary of acme" });
  await acme.store.putItem(["plans", "acme-corp"], "k", { note: "another" });
  await corp.store.putItem(["plans", "acme"], "k", { note: "canary of acme-corp" });
  const found = async (client: Client, prefix: string[]) =>
    (await client.store.searchItems(prefix)).items.map(({ namespace, value }) => [namespace, value["note"]]);
  expect(await found(acme, ["plans", "acme"])).toEqual([[["plans", "acme"], "canary of acme"]]);
  expect(await found(acme, ["plans", "acm"])).toEqual([]);
  for (const prefix of [[], ["plans"], ["plans", "acme"]]) expect(await found(corp, prefix)).toEqual([[["plans", "acme"], "canary of acme-corp"]]);
  expect(await corp.store.listNamespaces({ prefix: ["plans"] })).toEqual({ namespaces: [["plans", "acme"]] });
  for (const namespace of [
    ["plans", "acme-corp"],
    ["-corp", "plans", "acme"],
    ["acme", "plans", "acme"],
    ["..", "acme", "plans", "acme"],
  ])
    expect(await corp.store.getItem(namespace, "k").catch(() => null), namespace.join("/")).toBeNull();
  await corp.store.deleteItem(["plans", "acme-corp"], "k");
  expect(await found(acme, ["plans", "acme-corp"])).toEqual([[["plans", "acme-corp"], "another"]]);
});

verifies("identity.sdk", async () => {
  const token = await bearer({ sub: "ada", name: "Ada L." });
  const made = await here.http("POST", "/auth/keys", { name: "sdk" }, { ...token, "content-type": "application/json" });
  const { key, id } = (await made.json()) as { key: string; id: string };

  const options = { apiUrl: here.server.url, callerOptions: { maxRetries: 0 } };
  const byKey = new Client({ ...options, apiKey: key });
  // what the SDK finds in LANGSMITH_API_KEY goes along, and is none of ours
  const byToken = new Client({ ...options, apiKey: "lsv2_pt_of_somebody_else", defaultHeaders: token });
  const asBearer = new Client({ ...options, apiKey: null, defaultHeaders: { authorization: `Bearer ${key}` } });

  const thread = await byToken.threads.create();
  for (const client of [byKey, byToken, asBearer]) {
    const { seen } = (await client.runs.wait(thread.thread_id, "whoami", { input: { note: "" } })) as { seen: Record<string, unknown> };
    expect(seen).toMatchObject({ id: "ada", user_id: "ada", user: { identity: "ada", display_name: "Ada L.", role: "user" }, credentials: [] });
  }
  const { seen } = (await byKey.runs.wait(null, "whoami", { input: { note: "" } })) as { seen: Record<string, unknown> };
  expect(seen).toMatchObject({ permissions: ["read", "write"], user: { auth: "api-key", key_id: id } });
  await expect(new Client({ ...options, apiKey: `${key}x` }).threads.get(thread.thread_id)).rejects.toThrow(/401/);
});
