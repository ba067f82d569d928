import { slugOf } from "../projects/slug.ts";

/** A name that npm and PyPI accept, from whatever a person called the project: the same letters as its address. */
export function packageName(projectName: string): string {
  return slugOf(projectName);
}

/** One line for a heading, without anything that Markdown or a reader could take for more than a name. */
export function headingText(projectName: string): string {
  return (
    projectName
      .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
      .replaceAll(/[#`<>*_[\]]/g, "")
      .trim()
      .slice(0, 100) || "Project"
  );
}
