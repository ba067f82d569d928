/** A name that npm and PyPI accept, from whatever a person called the project. */
export function packageName(projectName: string): string {
  const plain = projectName
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60)
    .replaceAll(/-+$/g, "");
  return plain === "" ? "project" : plain;
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
