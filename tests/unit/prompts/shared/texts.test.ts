import { describe, expect, test } from "vitest";
import { planNotOnRecord } from "#prompts/engineering/plan-description.ts";
import { inOurWords, ownLanguage } from "#prompts/shared/texts.ts";

describe("a text of ours", () => {
  test.each([
    ["ru", "ru"],
    ["ru-RU", "ru"],
    ["RU_ru", "ru"],
    ["en", "en"],
    ["en-GB", "en"],
    ["", "en"],
    ["de", null],
    // Rusyn and Aromanian begin with the same letters
    ["rue", null],
    ["rup-MK", null],
  ])("in %j is one that we write: %j", (tag, own) => expect(ownLanguage(tag)).toBe(own));

  test("is English for whoever speaks another language", () => {
    expect(inOurWords("ru-RU", { en: "Declined.", ru: "Отказ." })).toBe("Отказ.");
    expect(inOurWords("rup", { en: "Declined.", ru: "Отказ." })).toBe("Declined.");
    expect(planNotOnRecord("rue")).toBe(planNotOnRecord("en"));
  });
});
