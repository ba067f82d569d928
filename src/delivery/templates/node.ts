import { headingText, packageName } from "./package-name.ts";
import type { TemplateFiles } from "./template-files.ts";

/** Node 24, ES modules, the built-in test runner, no dependencies. */
export function nodeTemplate(projectName: string): TemplateFiles {
  const manifest = {
    name: packageName(projectName),
    version: "0.1.0",
    private: true,
    type: "module",
    engines: { node: ">=24" },
    scripts: { start: "node src/server.js", test: "node --test" },
  };
  return {
    "package.json": `${JSON.stringify(manifest, null, 2)}\n`,
    "README.md": `# ${headingText(projectName)}\n\nStart: \`npm start\` (listens on \`PORT\`, default 3000; keeps its data in \`STORAGE_DIR\`)\n\nTest: \`npm test\`\n`,
    ".gitignore": "node_modules/\n/data/\n*.log\n.env\n",
    "src/.gitkeep": "",
    "test/.gitkeep": "",
  };
}
