import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { z } from "zod";
import { portsOf } from "#graphs/context.ts";
import { DeliveryPlan, type EngineeringNode } from "#graphs/engineering/state.ts";
import { analystRequest, analystSystem } from "#prompts/engineering/analyst.ts";
import { askStructured } from "../shared/ask-structured.ts";
import { tidyPlan } from "./tidy-plan.ts";

const Proposal = z.object({
  summary: z.string().min(1).describe("what will be built, in the person's language, two to four sentences"),
  goal: z.string().min(1).describe("one sentence"),
  acceptance_criteria: z.array(z.string().min(1)).min(1),
  steps: z.array(z.string().min(1)).min(1),
  test_command: z.string().min(1),
  start_command: z.string().min(1),
  health_path: z.string().regex(/^\/\S*$/),
});

/** Turns the request, and what the person said about earlier plans, into a plan that tests can prove. */
export const analyst: EngineeringNode = async (state, runtime) => {
  const { models, projects } = portsOf(runtime);
  const { spec } = await projects.get(state.project_id);
  const facts = {
    projectName: state.project_name,
    stack: state.stack,
    request: state.request,
    language: state.language,
    existing: spec,
    previous: state.plan,
    remarks: state.plan_remarks,
  };
  const proposal = await askStructured(models.chat("planner"), {
    name: "propose_plan",
    description: "Hands the plan over to the person for approval.",
    schema: Proposal,
    messages: [new SystemMessage(analystSystem(facts)), new HumanMessage(analystRequest(facts))],
    signal: runtime.signal,
  });
  return {
    plan: tidyPlan(DeliveryPlan.parse(proposal), state.stack),
    plan_revision: state.plan_revision + 1,
    attempts: [],
    answer: null,
    asked_again: 0,
    ask_problem: null,
  };
};
