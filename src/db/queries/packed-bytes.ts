/** The bytes of many rows as one parameter, which the statement cuts up: arrays of bytea are slow to write and slower to read. */
export class PackedBytes {
  readonly #bodies: Uint8Array[] = [];
  /** As SQL counts. */
  #end = 1;

  /** Where the statement finds the body. */
  place(body: Uint8Array): { at: number; size: number } {
    const at = this.#end;
    this.#bodies.push(body);
    this.#end += body.length;
    return { at, size: body.length };
  }

  /** Everything that was placed. */
  all(): Buffer {
    return Buffer.concat(this.#bodies);
  }
}
