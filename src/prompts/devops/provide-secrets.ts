import type { EnvironmentName } from "#graphs/devops/state.ts";
import type { Texts } from "../shared/texts.ts";

/** Which values a person is asked for, and what each is for. */
export function secretsText(project: string, names: readonly EnvironmentName[]): Texts {
  const lines = names.map((one) => `- \`${one.name}\`${one.purpose === "" ? "" : `: ${one.purpose}`}${one.where === "" ? "" : ` (${one.where})`}`);
  return {
    en: [
      `### **${project}** needs values that only you have`,
      "",
      ...lines,
      "",
      "They are encrypted, and given to the running service only. No model sees them.",
    ].join("\n"),
    ru: [
      `### **${project}** нужны значения, которые есть только у вас`,
      "",
      ...lines,
      "",
      "Они шифруются и передаются только работающему сервису. Модели их не видят.",
    ].join("\n"),
  };
}
