/** Keeps the best `size` of what it is shown, each name once with its best score. */
export class Nearest<T> {
  readonly #size: number;
  readonly #kept = new Map<string, { score: number; item: T }>();
  /** No score below it can be kept any more. */
  #floor = Number.NEGATIVE_INFINITY;

  constructor(size: number) {
    this.#size = size;
  }

  add(name: string, score: number, item: T): void {
    if (score < this.#floor) return;
    const known = this.#kept.get(name);
    if (known !== undefined && known.score >= score) return;
    this.#kept.set(name, { score, item });
    // thinned out now and then, so that keeping costs next to nothing
    if (this.#kept.size >= 2 * this.#size + 64) this.#thin();
  }

  /** The best first; equal ones by name, so that pages do not overlap. */
  sorted(): { score: number; item: T }[] {
    return this.#ranked().map(([, kept]) => kept);
  }

  #ranked(): [string, { score: number; item: T }][] {
    return [...this.#kept].toSorted(([a, one], [b, other]) => other.score - one.score || (a < b ? -1 : 1)).slice(0, this.#size);
  }

  #thin(): void {
    const ranked = this.#ranked();
    this.#kept.clear();
    for (const [name, kept] of ranked) this.#kept.set(name, kept);
    this.#floor = ranked.at(-1)?.[1].score ?? this.#floor;
  }
}
