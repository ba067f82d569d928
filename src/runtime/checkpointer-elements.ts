import {
  AIMessage,
  AIMessageChunk,
  ChatMessage,
  FunctionMessage,
  HumanMessage,
  HumanMessageChunk,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import type { ListElement, PartName } from "./checkpointer-list.ts";

/** What an object was made of when its JSON was written. */
class Form {
  readonly prototype: unknown;
  /** In order, as JSON has them; null for an array. */
  readonly keys: readonly string[] | null;
  /** A form, or a value that is compared itself. */
  readonly values: readonly unknown[];

  constructor(prototype: unknown, keys: readonly string[] | null, values: readonly unknown[]) {
    this.prototype = prototype;
    this.keys = keys;
    this.values = values;
  }
}

/** What JSON makes of these depends on nothing but their own enumerable fields. */
const KNOWN_PROTOTYPES = new Set<unknown>([
  Object.prototype,
  Array.prototype,
  null,
  ...[
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
  ].map((message) => message.prototype as unknown),
]);
/** Objects in one element beyond which comparing them costs as much as writing them. */
const MOST_OBJECTS = 200;
const NONE = Symbol("no form");

/**
 * The JSON of the elements of long lists, remembered by object, so that a step that adds a message to a thousand does not write the thousand
 * again. A graph may change a message in place at any time: the JSON counts only while the element is, field by field, what it was. Comparing
 * takes a tenth of writing. Other classes than plain objects and messages are not remembered.
 */
export class ElementTexts {
  readonly #known = new WeakMap<object, ListElement & { readonly form: unknown }>();

  /** The element's JSON if that is known and still holds. */
  find(element: unknown): ListElement | undefined {
    if (typeof element !== "object" || element === null) return undefined;
    const known = this.#known.get(element);
    return known !== undefined && isStill(known.form, element) ? known : undefined;
  }

  /** Looks at the element as it is now, which is what the JSON has to say that is handed to the answer. */
  look(element: unknown): (json: Uint8Array, page?: PartName) => ListElement {
    const form = typeof element === "object" && element !== null ? formOf(element, { left: MOST_OBJECTS }) : NONE;
    return (json, page) => {
      const found = { json, page: page ?? null, form };
      if (form !== NONE) this.#known.set(element as object, found);
      return found;
    };
  }
}

function formOf(value: unknown, objects: { left: number }): unknown {
  if (typeof value === "function" || typeof value === "symbol") return NONE;
  if (typeof value !== "object" || value === null) return value;
  objects.left -= 1;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (objects.left < 0 || !KNOWN_PROTOTYPES.has(prototype)) return NONE;
  const keys = Array.isArray(value) ? null : Object.keys(value);
  const values: unknown[] = [];
  for (const one of keys === null ? (value as unknown[]) : keys.map((key) => (value as Record<string, unknown>)[key])) {
    const form = formOf(one, objects);
    if (form === NONE) return NONE;
    values.push(form);
  }
  return new Form(prototype, keys, values);
}

function isStill(form: unknown, value: unknown): boolean {
  if (!(form instanceof Form)) return Object.is(form, value);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== form.prototype) return false;
  const { keys, values } = form;
  if (keys === null) return Array.isArray(value) && value.length === values.length && values.every((one, place) => isStill(one, value[place]));
  if (Array.isArray(value)) return false;
  const now = Object.keys(value);
  return now.length === keys.length && keys.every((key, place) => now[place] === key && isStill(values[place], (value as Record<string, unknown>)[key]));
}
