import { headingText, packageName } from "./package-name.ts";
import type { TemplateFiles } from "./template-files.ts";

/** Python 3 with its standard library: a package `app`, tests found by `python3 -m unittest`. */
export function pythonTemplate(projectName: string): TemplateFiles {
  return {
    "pyproject.toml": `[project]\nname = "${packageName(projectName)}"\nversion = "0.1.0"\nrequires-python = ">=3.10"\ndependencies = []\n`,
    "README.md": `# ${headingText(projectName)}\n\nStart: \`python3 -m app\` (listens on \`PORT\`, default 3000; keeps its data in \`STORAGE_DIR\`)\n\nTest: \`python3 -m unittest\`\n`,
    ".gitignore": "__pycache__/\n*.pyc\n.venv/\n/data/\n*.log\n.env\n",
    "app/__init__.py": "",
    "tests/__init__.py": "",
  };
}
