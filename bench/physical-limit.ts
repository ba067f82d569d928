import { openDatabase } from "#db/client.ts";
import { percentile, rounded } from "./figures.ts";

const SAMPLES = 500;

/** What this machine's PostgreSQL takes for the least that a durable run needs, without any server above it. Milliseconds. */
export interface PhysicalLimit {
  /** One INSERT, committed and on disk, and one SELECT, one after the other. */
  insert_and_select_ms: number;
  /** One commit alone. */
  commit_ms: number;
}

export async function physicalLimit(url: string): Promise<PhysicalLimit> {
  await using database = await openDatabase({ url });
  const sql = await database.sql.reserve();
  try {
    await sql`create table if not exists bench_limit (id bigserial primary key, body text not null)`;
    const pairs: number[] = [];
    const commits: number[] = [];
    for (let at = 0; at < SAMPLES; at += 1) {
      const began = performance.now();
      const [row] = await sql`insert into bench_limit (body) values (${"x".repeat(1_000)}) returning id`;
      commits.push(performance.now() - began);
      await sql`select body from bench_limit where id = ${row?.["id"] as string}`;
      pairs.push(performance.now() - began);
    }
    await sql`drop table bench_limit`;
    return { insert_and_select_ms: rounded(percentile(pairs, 0.5)), commit_ms: rounded(percentile(commits, 0.5)) };
  } finally {
    sql.release();
  }
}
