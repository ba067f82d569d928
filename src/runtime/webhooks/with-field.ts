/** JSON text of an object with one field more, without reading it. The field wins over one of the same name. */
export function withField(objectJson: string, name: string, valueJson: string): string {
  const open = objectJson.slice(0, objectJson.lastIndexOf("}")).trimEnd();
  return `${open}${open.endsWith("{") ? "" : ","}${JSON.stringify(name)}:${valueJson}}`;
}
