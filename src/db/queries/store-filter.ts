import type postgres from "postgres";
import { AppError } from "#errors";

type Fragment = postgres.PendingQuery<postgres.Row[]>;
const COMPARISONS = ["$gt", "$gte", "$lt", "$lte"] as const;
const OPERATORS: readonly string[] = ["$eq", "$ne", "$in", "$nin", ...COMPARISONS];

/**
 * A store filter as SQL over `value`: `{ field: wanted }` or `{ field: { $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin } }`, all of which
 * must hold. Fields and values are parameters, never text of the statement. Numbers are compared with numbers and text with text; a
 * row whose field has another type does not match, and does not fail the query either.
 * @throws AppError `invalid_request` for an operator that does not exist.
 */
export function storeFilter(sql: postgres.Sql, filter: Record<string, unknown>, contains: Record<string, unknown> = {}): Fragment {
  return Object.entries(filter).reduce((before: Fragment, [field, wanted]) => sql`${before} and ${fieldCondition(sql, field, wanted)}`, judged(sql, contains));
}

/** What a rule wants of an item: of its value, its key and its namespace, whose first label (the owner's) is not for rules to see. */
export function judged(sql: postgres.Sql, contains: Record<string, unknown>): Fragment {
  if (Object.keys(contains).length === 0) return sql``;
  return sql`and (value || jsonb_build_object('namespace', to_jsonb(namespace[2:]), 'key', key)) @> ${JSON.stringify(contains)}::jsonb`;
}

function fieldCondition(sql: postgres.Sql, field: string, wanted: unknown): Fragment {
  const operators = operatorsOf(wanted);
  if (operators === null) return equals(sql, field, wanted);
  return operators.reduce((before: Fragment, [operator, operand]) => sql`${before} and ${condition(sql, field, operator, operand)}`, sql`true`);
}

function operatorsOf(wanted: unknown): [string, unknown][] | null {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return null;
  const entries = Object.entries(wanted);
  const unknown = entries.find(([key]) => key.startsWith("$") && !OPERATORS.includes(key));
  if (unknown) throw new AppError("invalid_request", `The store filter knows no ${unknown[0]}; it knows ${OPERATORS.join(", ")}.`);
  return entries.every(([key]) => key.startsWith("$")) ? entries : null;
}

function equals(sql: postgres.Sql, field: string, wanted: unknown): Fragment {
  return sql`value -> ${field}::text = ${json(wanted)}::jsonb`;
}

function condition(sql: postgres.Sql, field: string, operator: string, operand: unknown): Fragment {
  if (operator === "$eq") return equals(sql, field, operand);
  if (operator === "$ne") return sql`value -> ${field}::text is distinct from ${json(operand)}::jsonb`;
  if (operator === "$in" || operator === "$nin") {
    if (!Array.isArray(operand)) throw new AppError("invalid_request", `The store filter's ${operator} takes a list.`);
    const among = sql`exists (select 1 from jsonb_array_elements(${json(operand)}::jsonb) as one(element) where element = value -> ${field}::text)`;
    return operator === "$in" ? among : sql`not ${among}`;
  }
  const comparison = operator === "$gt" ? sql`>` : operator === "$gte" ? sql`>=` : operator === "$lt" ? sql`<` : sql`<=`;
  if (typeof operand === "number") {
    return sql`case when jsonb_typeof(value -> ${field}::text) = 'number' then (value ->> ${field}::text)::numeric ${comparison} ${String(operand)}::text::numeric else false end`;
  }
  if (typeof operand === "string") {
    return sql`case when jsonb_typeof(value -> ${field}::text) = 'string' then (value ->> ${field}::text) collate "C" ${comparison} ${operand}::text collate "C" else false end`;
  }
  throw new AppError("invalid_request", `The store filter's ${operator} compares numbers or text.`);
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
