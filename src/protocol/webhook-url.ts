import { z } from "zod";

const MAX_LENGTH = 2_048;

/** Where the end of a run is posted to: an http or https address, whole and without credentials. */
export const WebhookUrl = z
  .string()
  .max(MAX_LENGTH)
  .superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });

function problemOf(text: string): string | null {
  // a path would be called inside this server, past its authentication
  if (text.startsWith("/")) return "a path of this server cannot be called; give a whole address: https://…";
  if (!URL.canParse(text)) return "not an address; give a whole one: https://…";
  const { protocol, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return "only http and https can be called";
  if (username !== "" || password !== "") return "put no user name or password into the address; set WEBHOOK_SECRET and check the signature instead";
  return null;
}
