/** Cuts a text in its middle, on line ends where there are some near, and says in place how much is missing. */
export function cutMiddle(text: string, limit: number): { text: string; truncated: boolean } {
  if (text.length <= limit) return { text, truncated: false };
  const half = Math.floor(limit / 2) - 40;
  const headEnd = text.lastIndexOf("\n", half);
  const tailStart = text.indexOf("\n", text.length - half);
  const head = text.slice(0, headEnd > half - 2_000 && headEnd > 0 ? headEnd + 1 : half);
  const tail = text.slice(tailStart !== -1 && tailStart < text.length - half + 2_000 ? tailStart + 1 : text.length - half);
  return { text: `${head.toWellFormed()}\n[… ${text.length - head.length - tail.length} characters left out …]\n${tail.toWellFormed()}`, truncated: true };
}
