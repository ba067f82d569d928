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
import type { ListElement, Part } from "./checkpointer-list.ts";

/** What kind of object stands at a place: objects of one kind share it, so that a thousand messages have a few. */
class Shape {
  readonly prototype: unknown;
  /** In order, as JSON has them; null for an array. */
  readonly keys: readonly string[] | null;

  constructor(prototype: unknown, keys: readonly string[] | null) {
    this.prototype = prototype;
    this.keys = keys;
  }
}

/**
 * What an element was made of when its JSON was written, in the order of JSON: a value that is no object as itself; an object as its shape and
 * then the values of its keys; an array as its shape, its length and then its values. In one piece, because it is read at every step, when little
 * of it is still near the processor: an object for each object took twice as long to compare.
 */
type Form = readonly unknown[];

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
/** Of each prototype, those met last. Forms keep their own, so it matters to nobody but memory which ones are shared. */
const MOST_SHAPES = 8;

/**
 * The JSON of the elements of long lists, remembered by object, so that a step that adds a message to a thousand does not write the thousand
 * again. A graph may change a message in place at any time: the JSON counts only while the element is, field by field, what it was. Comparing
 * takes a tenth of writing. Other classes than plain objects and messages are not remembered.
 */
export class ElementTexts {
  readonly #known = new WeakMap<object, ListElement & { readonly form: Form }>();
  readonly #shapes = new Map<unknown, Shape[]>();

  /** The element's JSON if that is known and still holds. */
  find(element: unknown): ListElement | undefined {
    if (typeof element !== "object" || element === null) return undefined;
    const known = this.#known.get(element);
    return known !== undefined && follow(known.form, 0, element) >= 0 ? known : undefined;
  }

  /** Looks at the element as it is now, which is what the JSON has to say that is handed to the answer. */
  look(element: unknown): (json: Uint8Array, page?: Part | null) => ListElement {
    const form = typeof element === "object" && element !== null ? this.#formOf(element) : null;
    return (json, page) => {
      if (form === null) return { json, page: page ?? null };
      const known = { json, page: page ?? null, form };
      // only objects have a form
      this.#known.set(element as object, known);
      return known;
    };
  }

  #formOf(element: object): Form | null {
    const form: unknown[] = [];
    // without the room that an array keeps to grow
    return this.#describe(element, form, { left: MOST_OBJECTS }) ? form.slice() : null;
  }

  #describe(value: unknown, form: unknown[], objects: { left: number }): boolean {
    if (typeof value === "function" || typeof value === "symbol") return false;
    if (typeof value !== "object" || value === null) {
      form.push(value);
      return true;
    }
    objects.left -= 1;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (objects.left < 0 || !KNOWN_PROTOTYPES.has(prototype)) return false;
    if (Array.isArray(value)) {
      form.push(this.#shapeOf(prototype, null), value.length);
      for (const one of value as unknown[]) if (!this.#describe(one, form, objects)) return false;
      return true;
    }
    const keys = Object.keys(value);
    form.push(this.#shapeOf(prototype, keys));
    for (const key of keys) if (!this.#describe((value as Record<string, unknown>)[key], form, objects)) return false;
    return true;
  }

  #shapeOf(prototype: unknown, keys: readonly string[] | null): Shape {
    const shapes = this.#shapes.get(prototype) ?? [];
    for (const shape of shapes) if (haveSameKeys(shape.keys, keys)) return shape;
    const shape = new Shape(prototype, keys);
    if (shapes.unshift(shape) > MOST_SHAPES) shapes.pop();
    this.#shapes.set(prototype, shapes);
    return shape;
  }
}

function haveSameKeys(one: readonly string[] | null, two: readonly string[] | null): boolean {
  if (one === null || two === null) return one === two;
  if (one.length !== two.length) return false;
  for (let place = 0; place < one.length; place += 1) if (one[place] !== two[place]) return false;
  return true;
}

/** Where the form goes on after this value; -1 when the value is another one than the form says. */
function follow(form: Form, from: number, value: unknown): number {
  const said = form[from];
  if (!(said instanceof Shape)) return Object.is(said, value) ? from + 1 : -1;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== said.prototype) return -1;
  const { keys } = said;
  let at = from + 1;
  if (keys === null) {
    if (!Array.isArray(value) || value.length !== form[at]) return -1;
    at += 1;
    for (let place = 0; place < value.length && at >= 0; place += 1) at = follow(form, at, value[place]);
    return at;
  }
  if (Array.isArray(value)) return -1;
  let count = 0;
  // also names what is inherited, which none of the known prototypes has; it makes no list of keys
  for (const key in value) {
    if (keys[count] !== key) return -1;
    at = follow(form, at, (value as Record<string, unknown>)[key]);
    if (at < 0) return -1;
    count += 1;
  }
  return count === keys.length ? at : -1;
}
