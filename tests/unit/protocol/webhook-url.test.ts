import { describe, expect, test } from "vitest";
import { WebhookUrl } from "#protocol/webhook-url.ts";

describe("the address of a webhook", () => {
  test.each(["https://example.com/hook?run=1", "http://example.com:8080/"])("may be %s", (text) => expect(WebhookUrl.safeParse(text).success).toBe(true));

  test.each([
    ["/threads", "a path of this server"],
    ["//example.com/hook", "a path of this server"],
    ["", "whole one"],
    ["example.com/hook", "whole one"],
    ["ftp://example.com/", "only http and https"],
    ["file:///etc/passwd", "only http and https"],
    ["https://user:secret@example.com/", "user name"],
    [`https://example.com/${"x".repeat(2_048)}`, "2048"],
  ])("may not be %s", (text, words) => expect(WebhookUrl.safeParse(text).error?.issues[0]?.message).toContain(words));
});
