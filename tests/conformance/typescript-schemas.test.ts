import { describe, expect } from "vitest";
import { verifies } from "./verifies.ts";
import { fixture, world } from "./world.ts";

describe("a TypeScript project of annotations", () => {
  const here = world({ langgraphJson: fixture("projects/annotated/langgraph.json") });

  verifies("foreign.schemas", async () => {
    let answered = false;
    const asked = here.client.assistants.getSchemas("trip").finally(() => (answered = true));
    // the compiler needs seconds; the event loop must have none of them
    expect((await here.http("GET", "/ok")).status).toBe(200);
    expect(answered).toBe(false);
    const schemas = await asked;

    const stop = {
      type: "object",
      properties: {
        town: { type: "string", description: "Where the train halts." },
        nights: { type: "number" },
        kind: { type: "string", enum: expect.arrayContaining(["city", "village"]) as string[] },
        arrives: { type: "string", format: "date-time" },
      },
      required: ["town", "kind", "arrives", "next"],
    };
    const properties = {
      title: { type: "string" },
      stops: { type: "array", items: stop },
      prices: { type: "object", additionalProperties: { type: "number" } },
      booked: { type: "boolean" },
    };
    expect(schemas.state_schema).toMatchObject({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { ...properties, messages: { type: "array", items: { properties: { content: {} } } } },
    });
    expect(schemas.input_schema).toMatchObject({ properties });
    expect(schemas.input_schema).not.toHaveProperty("required");
    expect(schemas.context_schema).toMatchObject({ properties: { currency: { enum: expect.arrayContaining(["EUR", "USD"]) as string[] } } });
    // an annotation cannot say that a run need not give it, and LangGraph asks nobody for it
    expect(schemas.context_schema).not.toHaveProperty("required");

    const unreadable = await here.client.assistants.getSchemas("unreadable");
    expect(unreadable.state_schema).toMatchObject({ type: "object", properties: { text: {} } });
  });
});
