/** Words of a simple command line: quotes and backslashes as a shell reads them. Null when it is more than one simple command. */
export function splitCommand(command: string): string[] | null {
  const words: string[] = [];
  let word = "";
  let inWord = false;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < command.length; index++) {
    const character = command[index] ?? "";
    if (quote !== null) {
      if (character === quote) quote = null;
      else if (character === "\\" && quote === '"' && /["\\$`]/.test(command[index + 1] ?? "")) word += command[++index];
      else if (quote === '"' && /[$`]/.test(character)) return null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      inWord = true;
    } else if (/\s/.test(character)) {
      if (character === "\n" && word !== "") return null;
      if (inWord) words.push(word);
      [word, inWord] = ["", false];
    } else if (/[;&|<>()$`{}!]/.test(character)) return null;
    else {
      if (character === "\\") word += command[++index] ?? "";
      else word += character;
      inWord = true;
    }
  }
  if (quote !== null) return null;
  if (inWord) words.push(word);
  return words;
}
