/** Names that mean something else, or would confuse as a host. */
const RESERVED = new Set(["localhost", "www", "api", "proxy", "slipway"]);

const CYRILLIC: Record<string, string> = {
  а: "a",
  б: "b",
  в: "v",
  г: "g",
  д: "d",
  е: "e",
  ё: "e",
  ж: "zh",
  з: "z",
  и: "i",
  й: "y",
  к: "k",
  л: "l",
  м: "m",
  н: "n",
  о: "o",
  п: "p",
  р: "r",
  с: "s",
  т: "t",
  у: "u",
  ф: "f",
  х: "kh",
  ц: "ts",
  ч: "ch",
  ш: "sh",
  щ: "shch",
  ъ: "",
  ы: "y",
  ь: "",
  э: "e",
  ю: "yu",
  я: "ya",
  і: "i",
  ї: "yi",
  є: "ye",
  ґ: "g",
};

/** A DNS label of at most 56 characters for a project's name: accents dropped, Cyrillic spelled out, `project` when nothing is left. */
export function slugOf(name: string): string {
  const latin = [...name.toLowerCase()].map((letter) => CYRILLIC[letter] ?? letter).join("");
  const slug = latin
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 56)
    .replaceAll(/^-+|-+$/g, "");
  if (slug === "") return "project";
  return RESERVED.has(slug) ? `${slug}-app` : slug;
}
