import type postgres from "postgres";

/** A namespace as the parameter of an array column. */
export function labels(sql: postgres.Sql | postgres.TransactionSql, path: readonly string[]) {
  return sql`array(select label from jsonb_array_elements_text(${JSON.stringify(path)}::jsonb) with ordinality as t(label, place) order by place)`;
}
