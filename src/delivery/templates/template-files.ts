/** Relative path to content: the first commit of a project. */
export type TemplateFiles = Readonly<Record<string, string>>;
