/** What the text is made for. `columns` and `rows` are asked for every line, so a resized window is followed. */
export interface Terminal {
  /** Decides colour: NO_COLOR, FORCE_COLOR, TERM; and signs: LC_ALL, LC_CTYPE, LANG. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
  /** Width in columns; undefined when it is not known (a pipe): lines are then never cut. */
  readonly columns: () => number | undefined;
  readonly rows?: () => number | undefined;
}

/** Ways to draw a piece of text. The eight basic colours only: they follow the reader's theme. */
const SGR = {
  plain: "",
  dim: "\x1b[2m",
  bold: "\x1b[1m",
  red: "\x1b[31m",
  boldRed: "\x1b[1;31m",
  yellow: "\x1b[33m",
  green: "\x1b[32m",
} as const;
export type Paint = keyof typeof SGR;
const RESET = "\x1b[0m";

/** The signs that are drawn, and what stands for them where the terminal does not speak UTF-8. */
export interface Signs {
  readonly ellipsis: string;
  readonly execAgain: string;
  readonly arrow: string;
  readonly times: string;
  readonly child: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly guide: string;
}

const UNICODE: Signs = {
  ellipsis: "…",
  execAgain: "»",
  arrow: "→",
  times: "×",
  child: "└ ",
  branch: "├─ ",
  lastBranch: "└─ ",
  guide: "│  ",
};

const ASCII: Signs = {
  ellipsis: "...",
  execAgain: ">",
  arrow: "->",
  times: "x",
  child: "`-",
  branch: "|- ",
  lastBranch: "`- ",
  guide: "|  ",
};

/** No line needs fewer columns than this to say something; narrower terminals are served as if they had it. */
const NARROWEST = 20;
const USUAL_ROWS = 24;

/** All that depends on the terminal, decided once. */
export class Style {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly signs: Signs;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.colour = wantsColour(terminal);
    this.unicode = speaksUtf8(terminal.env);
    this.signs = this.unicode ? UNICODE : ASCII;
  }

  /** Infinity when lines need not be cut. */
  get columns(): number {
    const columns = this.#terminal.columns();
    return columns === undefined || columns <= 0 ? Number.POSITIVE_INFINITY : Math.max(columns, NARROWEST);
  }

  get rows(): number {
    return this.#terminal.rows?.() ?? USUAL_ROWS;
  }

  paint(text: string, paint: Paint): string {
    return this.colour && paint !== "plain" && text !== "" ? SGR[paint] + text + RESET : text;
  }
}

/** FORCE_COLOR beats NO_COLOR, as in Node itself; both beat the terminal. An empty NO_COLOR means nothing (no-color.org). */
function wantsColour({ env, isTTY }: Terminal): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  return isTTY && env["TERM"] !== "dumb";
}

/** As locale(7): the first that is set and not empty decides. None set is the C locale. */
function speaksUtf8(env: Terminal["env"]): boolean {
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((value) => value !== undefined && value !== "");
  return locale !== undefined && /utf-?8/i.test(locale);
}
