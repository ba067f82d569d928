import { describe, expect, test } from "vitest";
import { LanggraphJson } from "#protocol/langgraph-json.ts";
import { ruledOut, webhookRules } from "#runtime/webhooks/project-webhooks.ts";

const rules = (settings: object, environment: Record<string, string> = {}) => webhookRules(LanggraphJson.parse({ graphs: {}, ...settings }), environment);
const ruled = (url: object, address: string) => ruledOut(rules({ webhooks: { url } }), address);

describe("where a project lets its webhooks go", () => {
  test("is anywhere unless it says otherwise", () => expect(ruledOut(rules({}), "http://example.com:81/")).toBeNull());

  test.each([
    [{ require_https: true }, "https://example.com/", "http://example.com/"],
    [{ allowed_ports: [443, 8443] }, "https://example.com/", "https://example.com:444/"],
    [{ allowed_ports: [80] }, "http://example.com/", "https://example.com/"],
    [{ max_url_length: 30 }, "https://example.com/", "https://example.com/0123456789a"],
    [{ allowed_domains: ["example.com"] }, "https://EXAMPLE.com/", "https://hooks.example.com/"],
    [{ allowed_domains: ["*.Example.com"] }, "https://hooks.example.com/", "https://example.com/"],
    [{ allowed_domains: ["*.example.com"] }, "https://a.b.example.com/", "https://badexample.com/"],
    [{ allowed_domains: ["example.com"] }, "https://example.com/", "https://example.com.evil.org/"],
  ])("%o lets %s pass and not %s", (url, allowed, refused) => {
    expect(ruled(url, allowed)).toBeNull();
    expect(ruled(url, refused)).toContain("webhooks.url.");
  });

  test("is nowhere when they are turned off", () =>
    expect(ruledOut(rules({ http: { disable_webhooks: true } }), "https://example.com/")).toContain("disable_webhooks"));
});

describe("headers of a project's webhooks", () => {
  const headers = (value: string, more: object = {}) => ({ webhooks: { headers: { authorization: value }, ...more } });

  test("are filled from variables of the prefix", () => {
    expect(rules(headers("Bearer ${{ env.LG_WEBHOOK_A }}-${{env.LG_WEBHOOK_B}}"), { LG_WEBHOOK_A: "1", LG_WEBHOOK_B: "2" }).headers).toEqual({
      authorization: "Bearer 1-2",
    });
    expect(rules(headers("${{ env.HOOK_A }}", { env_prefix: "HOOK_" }), { HOOK_A: "1" }).headers).toEqual({ authorization: "1" });
  });

  test.each([
    ["a variable that is not set", headers("${{ env.LG_WEBHOOK_A }}"), "is not set"],
    ["a variable of something else", headers("${{ env.DATABASE_URL }}"), "does not begin with LG_WEBHOOK_"],
    ["a line break", headers("a\r\nx: y"), "line break"],
    ["a character that cannot be sent", headers("ключ"), "no header can hold"],
    ["a header that is ours", { webhooks: { headers: { "Webhook-Id": "1" } } }, "no header that can be set"],
    ["a name that is none", { webhooks: { headers: { "a b": "1" } } }, "no header that can be set"],
  ])("with %s keep the server from starting", (_what, settings, words) => {
    const refused = expect(() => rules(settings, { DATABASE_URL: "postgres://secret" }));
    refused.toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringContaining(words) }) as Error);
  });
});
