import { redactorOf } from "../unit/redact.fixture.ts";
import { table } from "./table.ts";

/*
 * How the time for arguments grows with their length: `node dist/test/bench/redaction.js`.
 *
 * Whoever starts a process chooses its arguments. Four times the text may take four times the time, not sixteen times:
 * beginnings of what the rules look for, repeated, are the worst that an argument can hold.
 */

const BEGINNINGS = [
  ...["a", " ", "-", " -", "-x ", "=", "a=b ", "'", '"', "\\", "\"'", "`", "$(", ";", "x=abc/def ", '"a b" '],
  ...["password=", "&password=abc ", 'password="', "password='", '"password":', '"password":"', '\\"password\\":\\"'],
  ...["://", "://a:", "://a:b@", "eyJ", "eyJaaaaaaaa.", "eyJaaaaaaaa.eyJ"],
  ...["-----BEGIN ", "-----BEGIN PRIVATE KEY-----"],
  ...["authorization:", "authorization: ", 'authorization"', "x-x-x-", "x-token", "cookie:"],
  ...["bearer ", "bearer         "],
  ...["ghp_", "glpat-", `glpat-${"a".repeat(20)}.`, "sk-ant-", "hooks.slack.com/", "mysql -p", "mysql -px ", " mysql"],
  ...["--token ", "--a=", "curl -u a:b ", "env A=b ", "docker login ", "htpasswd -b ", "/tmp/"],
];
const SMALL = 32 * 1024;
const LARGE = 128 * 1024;
/** Four times the text: 4 by rights, 16 if it were quadratic. */
const MOST = 10;
/** Below that many milliseconds for the longer text nothing is said of how it grew. */
const NEGLIGIBLE_MS = 20;
const RUNS = 5;

/** How the text comes: the rules look into an argument, into a command line in one, and from one argument to the next. */
const forms: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "one argument": (text) => ["app", text],
  "a command line": (text) => ["sh", "-c", `${text} `],
  "many arguments": (text) => ["mysql", ...text.split(" ")],
};

const redactor = redactorOf("defaults", { name: "own", pattern: "(?:[a-z]+[-_]?)+:([0-9]+)" });

interface Growth {
  /** ms for each length. */
  readonly small: number;
  readonly large: number;
  readonly fast: boolean;
}

function growth(argsOf: (text: string) => readonly string[], beginning: string): Growth {
  const small = fastest(argsOf(filled(beginning, SMALL)));
  const large = fastest(argsOf(filled(beginning, LARGE)));
  return { small, large, fast: large > NEGLIGIBLE_MS && large > MOST * small };
}

/** The fastest of some runs: what else the machine does only makes it slower. */
function fastest(args: readonly string[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const begun = performance.now();
    redactor.redactWithoutPrefilter(args, "mysql");
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}

function filled(beginning: string, length: number): string {
  return beginning.repeat(Math.ceil(length / beginning.length)).slice(0, length);
}

function cell({ small, large, fast }: Growth): string {
  const times = `${small.toFixed(1).padStart(6)} ${large.toFixed(1).padStart(7)} ${(large / small).toFixed(1).padStart(6)}`;
  return fast ? `${times} !` : times;
}

const rows = BEGINNINGS.map((beginning) => ({
  name: JSON.stringify(beginning),
  growths: Object.values(forms).map((argsOf) => growth(argsOf, beginning)),
}));
const columns = Object.keys(forms).map((title, at) => ({
  title,
  cells: new Map(rows.map(({ name, growths }) => [name, cell(growths[at] as Growth)])),
}));
process.stdout.write(table(`ms for ${SMALL / 1024} KiB, for ${LARGE / 1024} KiB, their ratio`, columns));
const fast = rows.filter(({ growths }) => growths.some((one) => one.fast)).length;
process.stdout.write(
  fast === 0
    ? `None grows faster than the text: over ${MOST} for four times as much, and over ${NEGLIGIBLE_MS} ms.\n`
    : `${fast} of ${rows.length} grow faster than the text (!): over ${MOST} for four times as much, and over ${NEGLIGIBLE_MS} ms.\n`,
);
