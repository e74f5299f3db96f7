/** Longer words are no names: keeps the time for a word bounded, whatever the stars. */
const NAME_MAX = 100;

/**
 * A set of names of options or variables: `--token`, `*-password`. A star stands for any characters but white space and `=`;
 * `-`, `_` and `.` are one, and so are capitals and small letters, except in names of one letter (`-p` is not `-P`). A name
 * behind `!` is no member.
 */
export class Names {
  /** Names of one letter with their dash: they may have their value attached. */
  readonly letters: readonly string[];
  readonly #members: RegExp;
  readonly #others: RegExp | undefined;
  readonly #positive: readonly string[];

  constructor(globs: readonly string[]) {
    const negative = globs.filter((glob) => glob.startsWith("!"));
    const positive = globs.filter((glob) => !glob.startsWith("!"));
    this.letters = positive.filter((glob) => /^-[^-*]$/.test(glob));
    this.#positive = positive;
    this.#members = expressionOf(positive.filter((glob) => !this.letters.includes(glob)));
    this.#others = negative.length === 0 ? undefined : expressionOf(negative.map((glob) => glob.slice(1)));
  }

  test(name: string): boolean {
    if (name.length <= 2 && this.letters.includes(name)) return true;
    return name.length <= NAME_MAX && this.#members.test(name) && !(this.#others?.test(name) ?? false);
  }

  /** One literal for each name that a text with this name must hold, dashes of letters included. */
  literals(): string[] {
    return this.#positive.map((glob) =>
      glob.split("*").reduce((longest, part) => (part.length > longest.length ? part : longest), ""),
    );
  }
}

/** At most two stars a name (parseRules), and names are short: no time to speak of. */
function expressionOf(globs: readonly string[]): RegExp {
  if (globs.length === 0) return /^(?!)/;
  const parts = globs.map((glob) =>
    glob
      .replace(/[\\^$+?()[\]{}|/]/g, "\\$&")
      .replace(/[-_.]/g, "[-_.]")
      .replaceAll("*", "[^\\s=]*"),
  );
  return new RegExp(`^(?:${parts.join("|")})$`, "i");
}
