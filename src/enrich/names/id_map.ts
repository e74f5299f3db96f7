/** uid_map or gid_map of a user namespace, as user_namespaces(7) describes it, read from the initial one. */
export class IdMap {
  /** Ranges: first id inside, first id of the initial namespace, length. */
  readonly #ranges: readonly (readonly [number, number, number])[];

  /** @param text of /proc/PID/uid_map; empty while nobody has written it */
  constructor(text: string) {
    this.#ranges = text
      .split("\n")
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line))
      .filter((match) => match !== null)
      .map(([, inside, outside, length]) => [Number(inside), Number(outside), Number(length)] as const);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** What an id of the initial namespace is called inside; undefined when it is not mapped. */
  inside(id: number): number | undefined {
    for (const [inside, outside, length] of this.#ranges)
      if (id >= outside && id - outside < length) return inside + (id - outside);
    return undefined;
  }
}
