import { v5 as uuidv5, v7 as uuidv7 } from "uuid";

const GRAPHS = "6ba7b821-9dad-11d1-80b4-00c04fd430c8";
const OURS = "7d2f3b1a-58c4-4c8e-9a57-0f4b8f6f2f60";

/** Sortable by time, as the peer mints them. */
export function newId(): string {
  return uuidv7();
}

/** The same name always has the same id: what makes an effect happen once however often it is tried. */
export function idOf(...parts: string[]): string {
  return uuidv5(parts.join("\n"), OURS);
}

/** System assistant of a graph; the peer's own derivation, so that clients may compute it. */
export function systemAssistantId(graphId: string): string {
  return uuidv5(graphId, GRAPHS);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
