/** A line with its own ending, so that a file with mixed endings keeps each of them. */
export interface TextLine {
  text: string;
  ending: "" | "\n" | "\r\n";
}

/** Lines of a text. The last has the ending "" unless the text ends with one; an empty text has no line. */
export function splitLines(text: string): TextLine[] {
  const lines: TextLine[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    if (end === -1) {
      lines.push({ text: text.slice(start), ending: "" });
      break;
    }
    const carriage = end > start && text[end - 1] === "\r";
    lines.push({ text: text.slice(start, carriage ? end - 1 : end), ending: carriage ? "\r\n" : "\n" });
    start = end + 1;
  }
  return lines;
}

/** The text again, each line with the ending that it has. */
export function joinLines(lines: readonly TextLine[]): string {
  return lines.map((line) => line.text + line.ending).join("");
}

/** What new lines of this file should end with: what most of its lines do. */
export function dominantEnding(lines: readonly TextLine[]): "\n" | "\r\n" {
  const carriage = lines.filter((line) => line.ending === "\r\n").length;
  return carriage > lines.filter((line) => line.ending === "\n").length ? "\r\n" : "\n";
}

/** `from`..`to` (0-based, exclusive end), as a model should see them: ` 12 | text`. */
export function numbered(lines: readonly string[], from: number, to: number): string {
  const start = Math.max(0, from);
  const width = String(to).length;
  return lines
    .slice(start, to)
    .map((text, index) => `${String(start + index + 1).padStart(width)} | ${text.length > 400 ? `${text.slice(0, 400)}…` : text}`)
    .join("\n");
}
