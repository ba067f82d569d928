import { stripVTControlCharacters } from "node:util";

/** Output of a program of which only the beginning and the end are kept: 100 MB cost no more than `limit` bytes. */
export class BoundedLog {
  /** Bytes left out in the middle. */
  dropped = 0;
  readonly #half: number;
  readonly #head: Buffer[] = [];
  #headSize = 0;
  #tail: Buffer[] = [];
  #tailSize = 0;

  constructor(limit: number) {
    this.#half = Math.floor(limit / 2);
  }

  add(chunk: Buffer): void {
    const room = Math.max(0, this.#half - this.#headSize);
    if (room > 0) {
      const first = chunk.subarray(0, room);
      this.#head.push(first);
      this.#headSize += first.length;
    }
    if (chunk.length <= room) return;
    const rest = chunk.subarray(room);
    this.#tail.push(rest);
    this.#tailSize += rest.length;
    while (this.#tailSize - (this.#tail[0]?.length ?? 0) >= this.#half) {
      const gone = this.#tail.shift()?.length ?? 0;
      this.#tailSize -= gone;
      this.dropped += gone;
    }
  }

  /** Bytes that are not text are replaced; colours, NUL and other control characters are left out. */
  text(): string {
    const decode = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString("utf8");
    const middle = this.dropped > 0 ? `\n[… ${this.dropped} bytes left out …]\n` : "";
    // without a gap the two halves are one text: a character may lie across their border
    const whole = this.dropped > 0 ? decode(this.#head) + middle + decode(this.#tail) : decode([...this.#head, ...this.#tail]);
    return stripVTControlCharacters(whole.replaceAll("\r\n", "\n")).replaceAll(/\p{Cc}/gu, (character) =>
      character === "\n" || character === "\t" ? character : "",
    );
  }

  /** The last `characters` of what was printed. */
  tail(characters: number): string {
    return this.text().slice(-characters).toWellFormed();
  }
}
