/** A text of ours in the two languages that we write ourselves; others are translated from the English. */
export interface Texts {
  en: string;
  ru: string;
}

/** Which of the two a BCP 47 tag means; null for a language that we do not write. Nothing said is English. */
export function ownLanguage(language: string): keyof Texts | null {
  const [base = ""] = language.toLowerCase().split(/[-_]/u);
  if (base === "ru") return "ru";
  return base === "en" || base === "" ? "en" : null;
}

/** Facts only and short, so that no model translates them: the two languages that we write, English for the rest. */
export function inOurWords(language: string, texts: Texts): string {
  return texts[ownLanguage(language) ?? "en"];
}
