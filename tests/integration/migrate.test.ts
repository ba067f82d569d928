import { describe, expect, it } from "vitest";
import { createClient } from "#db/create-client.ts";
import { migrate } from "#db/migrate.ts";
import { testDatabase } from "../helpers/database.ts";

async function tables(url: string): Promise<string[]> {
  const client = createClient({ url, poolSize: 1 });
  const rows = await client<{ name: string }[]>`select table_name as name from information_schema.tables where table_schema = 'public' order by 1`;
  await client.end();
  return rows.map((row) => row.name);
}

describe("migrate", () => {
  it("lets eight callers at once all succeed, and finds nothing to do the second time", async () => {
    const { url } = await testDatabase({ empty: true });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => migrate({ url })));
    expect(results.filter((result) => result.status === "rejected")).toEqual([]);
    const first = await tables(url);
    expect(first).toEqual(expect.arrayContaining(["threads", "runs", "checkpoints", "checkpoint_blobs", "checkpoint_writes", "checkpoint_parts"]));
    await migrate({ url });
    expect(await tables(url)).toEqual(first);
  });

  it("takes over a database that PostgresSaver has set up", async () => {
    const { url } = await testDatabase({ empty: true });
    const client = createClient({ url, poolSize: 1 });
    await client.unsafe(`
      create table checkpoint_migrations (v integer primary key);
      insert into checkpoint_migrations values (0), (1), (2), (3), (4);
      create table checkpoints (thread_id text not null, checkpoint_ns text not null default '', checkpoint_id text not null, parent_checkpoint_id text,
        type text, checkpoint jsonb not null, metadata jsonb not null default '{}', primary key (thread_id, checkpoint_ns, checkpoint_id));
      insert into checkpoints (thread_id, checkpoint_id, checkpoint) values ('kept', '1', '{}');
    `);
    await migrate({ url });
    expect(await client`select thread_id from checkpoints`).toEqual([{ thread_id: "kept" }]);
    await client.end();
  });
});
