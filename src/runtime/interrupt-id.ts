/** Under what LangGraph takes the answer to a question: `id`, which was `interrupt_id` from 0.3.6 to 0.3.12; null before, when there was none. */
export function interruptId(interrupt: unknown): string | null {
  if (typeof interrupt !== "object" || interrupt === null) return null;
  if ("id" in interrupt && typeof interrupt.id === "string") return interrupt.id;
  return "interrupt_id" in interrupt && typeof interrupt.interrupt_id === "string" ? interrupt.interrupt_id : null;
}
