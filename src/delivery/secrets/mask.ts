/** Hiding secret values in text: as they are, base64 (in each alignment, so inside a longer text too), hex, url-encoded, JSON-escaped. */

const MASK = "[secret]";
/** Shorter values are not hidden: they would blacken ordinary text. */
const SHORTEST = 4;
const SHORTEST_ENCODED = 6;

/** Every text to hide for these values, longest first, so that no form is cut by a shorter one. */
export function maskForms(values: Iterable<string>): string[] {
  const forms = new Set<string>();
  for (const value of values) {
    if (value.length < SHORTEST) continue;
    forms.add(value);
    forms.add(encodeURIComponent(value));
    forms.add(new URLSearchParams([["", value]]).toString().slice(1));
    forms.add(JSON.stringify(value).slice(1, -1));
    // the lines of a key file, since programs print them one by one
    for (const line of value.split("\n")) if (line.length >= 12) forms.add(line);
    const bytes = Buffer.from(value, "utf8");
    for (const form of [bytes.toString("hex"), ...base64Forms(bytes)]) if (form.length >= SHORTEST_ENCODED) forms.add(form);
  }
  return [...forms].filter((form) => form.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
}

/** The part of base64 that depends on the value alone, for each of the three places where it can begin in a longer text. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    // characters that share bits with a neighbour are left out, except when the value stands alone
    const first = before === 0 ? 0 : before + 1;
    const last = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    const core = text.slice(first, last);
    const url = core.replaceAll("+", "-").replaceAll("/", "_");
    return before === 0 ? [text, text.replaceAll("+", "-").replaceAll("/", "_"), core, url] : [core, url];
  });
}

/** Replaces every form by `[secret]`. */
export function maskText(text: string, forms: readonly string[]): string {
  let masked = text;
  for (const form of forms) masked = masked.replaceAll(form, MASK);
  return masked;
}

/**
 * Masks a text that comes in pieces: what might be the beginning of a secret is held back until the next piece decides. `end` gives the
 * rest. Never holds back more than the longest form.
 */
export function createMaskStream(forms: readonly string[]): { write(piece: string): string; end(): string } {
  let held = "";
  return {
    write(piece) {
      const text = held + piece;
      let keep = 0;
      for (const form of forms) {
        for (let size = Math.min(form.length - 1, text.length); size > keep; size -= 1) {
          if (text.endsWith(form.slice(0, size))) keep = size;
        }
      }
      // a whole secret that overlaps the held part is cut off with it, and masked when it is complete
      let cut = text.length - keep;
      for (const form of forms) {
        for (let at = text.lastIndexOf(form); at >= 0 && at + form.length > cut; at = at === 0 ? -1 : text.lastIndexOf(form, at - 1)) {
          if (at < cut) cut = Math.min(cut, at);
        }
      }
      held = text.slice(cut);
      return maskText(text.slice(0, cut), forms);
    },
    end() {
      const rest = maskText(held, forms);
      held = "";
      return rest;
    },
  };
}
