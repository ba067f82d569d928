/** A text without the numbers that change by themselves (durations, ports, pids, times): "the same result" must mean the same. */
export function stableText(text: string): string {
  return text.replaceAll(/\d+(?:\.\d+)?/g, "#");
}
