import { z } from "zod";

/** A call of a tool that a person is asked about before it is made. Kept in the state, so that the ask-node can build the same question again. */
export const ToolQuestion = z.object({
  /** What makes it this call and no other: which answer of the model, and which of its calls. */
  occasion: z.string(),
  tool: z.string(),
  args: z.record(z.string(), z.unknown()),
  risk: z.enum(["low", "medium", "high"]),
  /** Name of the rule that asks, for the person. */
  rule: z.string(),
  /** JSON Schema of the arguments, for clients that let a person edit them. */
  args_schema: z.unknown(),
  project_id: z.uuid().nullable(),
  language: z.string(),
  /** It was asked before and the answer is not on record here. */
  again: z.boolean(),
});
export type ToolQuestion = z.infer<typeof ToolQuestion>;
