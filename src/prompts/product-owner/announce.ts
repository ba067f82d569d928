import type { DevopsResult, EngineeringResult } from "#protocol/team-work.ts";
import type { Texts } from "../shared/texts.ts";

interface Announced {
  project: string;
  team: "engineering" | "devops";
}

/** What engineering came to, and what comes next. */
export function engineeringText({ project }: Announced, result: EngineeringResult, next: "deploy" | "nothing"): Texts {
  const tests = result.tests;
  const said = result.summary.trim();
  switch (result.status) {
    case "green": {
      const counted = tests === null ? "" : ` (${tests.passed}/${tests.executed})`;
      return {
        en: `**${project}** is built and its tests pass${counted}, after ${rounds(result.rounds)}. ${next === "deploy" ? "Now devops prepares the deployment; you will be asked before anything goes live." : "As you wished, nothing is deployed."}`,
        ru: `**${project}** готов, тесты проходят${counted}, ${roundsRu(result.rounds)}. ${next === "deploy" ? "Теперь девопс готовит развёртывание; перед запуском спросят вашего согласия." : "Как вы просили, ничего не разворачивается."}`,
      };
    }
    case "rejected":
      return {
        en: `The plan for **${project}** was rejected; nothing was built. Tell me what should be different, and I will have it planned anew.`,
        ru: `План для **${project}** отклонён, ничего не построено. Скажите, что изменить, и я закажу новый план.`,
      };
    case "given_up":
      return {
        en: `Engineering could not get **${project}** to pass its tests after ${rounds(result.rounds)}${tests === null ? "" : ` (${tests.passed} of ${tests.executed} pass)`}. Nothing was deployed.${quote(said)}`,
        ru: `Разработчики не добились прохождения тестов **${project}**, ${roundsRu(result.rounds)}${tests === null ? "" : ` (проходят ${tests.passed} из ${tests.executed})`}. Ничего не развёрнуто.${quote(said)}`,
      };
    default:
      return {
        en: `The delivery of **${project}** failed. Nothing was deployed.${quote(said)}`,
        ru: `Поставка **${project}** не удалась. Ничего не развёрнуто.${quote(said)}`,
      };
  }
}

/** What devops came to, where it runs, and who decided when it was not the person who is told. */
export function devopsText({ project }: Announced, result: DevopsResult): Texts {
  const where = result.url ?? result.direct_url;
  const also = result.url !== null && result.direct_url !== null ? ` (${result.direct_url})` : "";
  const release = result.release_number === null ? "" : ` #${result.release_number}`;
  const by = result.decided ? decider(result.decided.by) : null;
  const why = result.decided?.by === "expiry" ? "" : quote(result.decided?.message ?? "");
  switch (result.status) {
    case "live":
      return {
        en: `**${project}** is deployed: ${where ?? "its address is not known"}${also}${by === null ? "" : `\n\nApproved by ${by.en}.`}`,
        ru: `**${project}** развёрнут: ${where ?? "адрес неизвестен"}${also}${by === null ? "" : `\n\nОдобрение: ${by.ru}.`}`,
      };
    case "rolled_back":
      return where === null
        ? {
            en: `The new release of **${project}** did not hold, and there was none to go back to.${quote(result.summary)}`,
            ru: `Новый выпуск **${project}** не удержался, а вернуться было не к чему.${quote(result.summary)}`,
          }
        : {
            en: `**${project}** is back on release${release}: ${where}${also}${quote(result.summary)}`,
            ru: `**${project}** возвращён на выпуск${release}: ${where}${also}${quote(result.summary)}`,
          };
    case "undeployed":
      return { en: `**${project}** is offline. Its code and data are kept.`, ru: `**${project}** остановлен. Код и данные сохранены.` };
    case "rejected":
      return {
        en: `${by === null ? "You declined" : by.declined.en}, so nothing changed for **${project}**.${where === null ? "" : ` It still runs: ${where}`}${why}`,
        ru: `${by === null ? "Вы отказались" : by.declined.ru}, поэтому для **${project}** ничего не изменилось.${where === null ? "" : ` Он по-прежнему работает: ${where}`}${why}`,
      };
    default:
      return {
        en: `Devops could not finish for **${project}**.${where === null ? "" : ` The earlier release still serves: ${where}`}${quote(result.summary)}`,
        ru: `Девопс не справился с **${project}**.${where === null ? "" : ` Прежний выпуск по-прежнему работает: ${where}`}${quote(result.summary)}`,
      };
  }
}

/** Somebody else than the person who is told, as the one who approved and as the one who declined. */
function decider(by: string): Texts & { declined: Texts } {
  if (by === "expiry") return { en: "nobody", ru: "никто", declined: { en: "Nobody answered in time", ru: "Никто не ответил вовремя" } };
  const rule = by.startsWith("policy:") ? by.slice("policy:".length) : null;
  const [en, ru] = rule === null ? [`**${by}**`, `**${by}**`] : [`the rule "${rule}"`, `правило «${rule}»`];
  return { en, ru, declined: { en: `${rule === null ? en : `The rule "${rule}"`} declined`, ru: `Отказ: ${ru}` } };
}

/** A run that ended without a result. */
export function brokenText({ project, team }: Announced, status: "failed" | "cancelled", error: string | null): Texts {
  const inRussian = team === "engineering" ? "команды разработки" : "команды развёртывания";
  if (status === "cancelled") return { en: `The work of ${team} on **${project}** was stopped.`, ru: `Работа ${inRussian} над **${project}** остановлена.` };
  return {
    en: `The work of ${team} on **${project}** broke off.${quote(error ?? "")} Say so if it should be tried again.`,
    ru: `Работа ${inRussian} над **${project}** прервалась.${quote(error ?? "")} Скажите, если попробовать ещё раз.`,
  };
}

function rounds(count: number): string {
  return count === 1 ? "1 round" : `${count} rounds`;
}

function roundsRu(count: number): string {
  const tens = count % 100;
  const ones = count % 10;
  const word = tens >= 11 && tens <= 14 ? "кругов" : ones === 1 ? "круг" : ones >= 2 && ones <= 4 ? "круга" : "кругов";
  return `за ${count} ${word}`;
}

function quote(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" ? "" : `\n\n> ${trimmed.slice(0, 1_500).replaceAll("\n", "\n> ")}\n`;
}
