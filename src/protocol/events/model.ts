import { z } from "zod";
import { event } from "./event.ts";

const Model = { model: z.string().nullable(), node: z.string().nullable() };

export const MODEL_EVENTS = [
  event("model", "model.started", Model),
  event("model", "model.completed", {
    ...Model,
    duration_ms: z.number(),
    input_tokens: z.number().int().nullable(),
    output_tokens: z.number().int().nullable(),
    cost_usd: z.number().nullable().optional(),
  }),
  event("model", "model.failed", { ...Model, duration_ms: z.number(), error: z.string() }),
] as const;
