import type postgres from "postgres";

/** PostgreSQL's own, the same in every database: element type to array type. */
const ARRAY_TYPES: readonly (readonly [number, number])[] = [
  [16, 1000], // bool
  [17, 1001], // bytea
  [20, 1016], // int8
  [21, 1005], // int2
  [23, 1007], // int4
  [25, 1009], // text
  [114, 199], // json
  [700, 1021], // float4
  [701, 1022], // float8
  [1043, 1015], // varchar
  [1082, 1182], // date
  [1114, 1115], // timestamp
  [1184, 1185], // timestamptz
  [1700, 1231], // numeric
  [2950, 2951], // uuid
  [3802, 3807], // jsonb
];

/**
 * Teaches a client arrays. postgres.js would ask the server for them on each new connection, in a query whose failure nobody handles: a
 * server that goes away in that moment would end our process with an unhandled rejection.
 */
export function addArrayTypes(sql: postgres.Sql): void {
  const { parsers, serializers } = sql.options;
  // what `sql.array` looks up; the type declarations leave `shared` out
  const { typeArrayMap } = (sql.options as unknown as { shared: { typeArrayMap: Record<number, number> } }).shared;
  for (const [element, array] of ARRAY_TYPES) {
    typeArrayMap[element] = array;
    parsers[array] = (text: string) => parseArray(text, (word) => (parsers[element] ? parsers[element](word) : word));
    serializers[array] = (value: unknown) =>
      Array.isArray(value) ? formatArray(value, (one) => String(serializers[element] ? serializers[element](one) : one)) : value;
  }
}

/** An array literal, `{a,"b c",NULL,{d}}`, as values. */
function parseArray(text: string, parse: (word: string) => unknown): unknown[] {
  // bounds other than 1 stand in front: [0:2]={…}
  let at = text.indexOf("{");
  const list = (): unknown[] => {
    const values: unknown[] = [];
    at += 1;
    while (text[at] !== "}" && at < text.length) {
      if (text[at] === ",") at += 1;
      else if (text[at] === "{") values.push(list());
      else if (text[at] === '"') values.push(parse(quoted()));
      else {
        const start = at;
        while (text[at] !== "," && text[at] !== "}" && at < text.length) at += 1;
        const word = text.slice(start, at);
        values.push(word.toUpperCase() === "NULL" ? null : parse(word));
      }
    }
    at += 1;
    return values;
  };
  const quoted = (): string => {
    let word = "";
    for (at += 1; text[at] !== '"' && at < text.length; at += 1) {
      if (text[at] === "\\") at += 1;
      word += text[at];
    }
    at += 1;
    return word;
  };
  return list();
}

/** Values as an array literal. */
function formatArray(values: readonly unknown[], format: (value: unknown) => string): string {
  const words = values.map((value) => {
    if (value === null || value === undefined) return "NULL";
    if (Array.isArray(value)) return formatArray(value, format);
    return `"${format(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${words.join(",")}}`;
}
