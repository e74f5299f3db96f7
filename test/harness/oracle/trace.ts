/** How a process ended: one of the two is there. */
export interface TracedEnd {
  readonly code?: number;
  /** As strace names it: SIGKILL, SIGRT_3. */
  readonly signal?: string;
  readonly coreDumped: boolean;
}

/** What wait4(2) returned of a child with its status: getrusage(2)'s fields without `ru_`. */
export interface Waited {
  readonly end: TracedEnd;
  /** Times in microseconds. Absent where the parent did not ask for it. */
  readonly usage?: ReadonlyMap<string, number>;
}

export interface TracedExec {
  readonly path: string;
  readonly argv: readonly string[];
}

/** One process as strace saw it. */
export interface TracedProcess {
  readonly pid: number;
  /** undefined: the command itself, made by strace. */
  readonly parent: number | undefined;
  /** Those that succeeded, in order. */
  readonly execs: readonly TracedExec[];
  /** As its tracer was told. */
  readonly end: TracedEnd | undefined;
  /** As its parent was told. */
  readonly waited: Waited | undefined;
  /** wait4 adds what reaped children used, so such a process's usage cannot be compared. */
  readonly hadChildren: boolean;
}

interface Birth {
  readonly by: number;
  readonly child: number;
  readonly flags: string;
}

const HEX = String.raw`"((?:\\x..)*)"`;
const EXEC = new RegExp(
  String.raw`^([\d.]+) execve(?:at)?\((?:\S+, )?${HEX}, \[((?:"(?:\\x..)*"(?:, )?)*)\].*(?: = 0|<pid changed to (\d+) \.\.\.>)$`,
);
const BIRTH = /^[\d.]+ (?:clone3?|v?fork)\((.*)\) += (\d+)$/;
const WAIT = /^[\d.]+ wait4\([^,]*, \[\{(.*?)\}\], [^,]*, (NULL|\{.*\})\) = (\d+)$/;
const END = /^[\d.]+ \+\+\+ (?:exited with (\d+)|killed by (\w+))( \(core dumped\))? \+\+\+$/;

/** @param texts what strace -ff wrote, by thread. */
export function readTrace(texts: ReadonlyMap<number, string>): ReadonlyMap<number, TracedProcess> {
  const lines = [...texts].flatMap(([tid, text]) => text.split("\n").map((line) => [tid, line] as const));
  const births = lines.flatMap(([tid, line]) => {
    const [, flags, child] = BIRTH.exec(line) ?? [];
    return flags === undefined ? [] : [{ by: tid, child: Number(child), flags }];
  });
  const leaders = leadersOf(births);
  const execs = lines.flatMap(([tid, line]) => readExec(leaders.get(tid) ?? tid, line));
  execs.sort((a, b) => a.time - b.time);
  const waited = new Map(lines.flatMap(([, line]) => readWait(line)));
  const ends = new Map(lines.flatMap(([tid, line]) => readEnd(tid, line)));
  const parents = parentsOf(births, leaders);

  const processes = [...texts.keys()].filter((tid) => !leaders.has(tid));
  return new Map(
    processes.map((pid) => [
      pid,
      {
        pid,
        parent: parents.get(pid),
        execs: execs.filter((one) => one.pid === pid),
        end: ends.get(pid),
        waited: waited.get(pid),
        hadChildren: [...parents.values()].includes(pid),
      },
    ]),
  );
}

/** The process of each thread that is no leader. A thread is told of by its maker's process only. */
function leadersOf(births: readonly Birth[]): Map<number, number> {
  const makers = new Map(births.filter(isThread).map(({ by, child }) => [child, by]));
  const leader = (tid: number): number => {
    const maker = makers.get(tid);
    return maker === undefined ? tid : leader(maker);
  };
  return new Map([...makers.keys()].map((tid) => [tid, leader(tid)]));
}

function parentsOf(births: readonly Birth[], leaders: ReadonlyMap<number, number>): Map<number, number> {
  const makers = new Map<number, Birth>();
  for (const birth of births) if (!isThread(birth)) makers.set(birth.child, birth);
  const parent = ({ by, flags }: Birth): number | undefined => {
    const maker = leaders.get(by) ?? by;
    if (!flags.includes("CLONE_PARENT|")) return maker;
    const birth = makers.get(maker);
    return birth === undefined ? undefined : parent(birth);
  };
  const known = new Map<number, number>();
  for (const [child, birth] of makers) known.set(child, parent(birth) ?? 0);
  return known;
}

function isThread({ flags }: Birth): boolean {
  return flags.includes("CLONE_THREAD");
}

function readExec(pid: number, line: string): (TracedExec & { pid: number; time: number })[] {
  const [, time, path, argv, changedTo] = EXEC.exec(line) ?? [];
  if (path === undefined || argv === undefined) return [];
  const strings = [...argv.matchAll(new RegExp(HEX, "g"))].map(([, bytes = ""]) => text(bytes));
  // A thread that execs takes over its leader's pid.
  return [
    { pid: changedTo === undefined ? pid : Number(changedTo), time: Number(time), path: text(path), argv: strings },
  ];
}

function readWait(line: string): [number, Waited][] {
  const [, status = "", usage = "", pid] = WAIT.exec(line) ?? [];
  const code = /WEXITSTATUS\(s\) == (\d+)/.exec(status)?.[1];
  const signal = /WTERMSIG\(s\) == (\w+)/.exec(status)?.[1];
  if (code === undefined && signal === undefined) return []; // nobody, or one that stopped
  const end = endOf(code, signal, status.includes("WCOREDUMP"));
  return [[Number(pid), usage === "NULL" ? { end } : { end, usage: readUsage(usage) }]];
}

function readUsage(usage: string): Map<string, number> {
  const times = [...usage.matchAll(/ru_(.time)=\{tv_sec=(\d+), tv_usec=(\d+)\}/g)].map(
    ([, name = "", seconds, micros]) => [name, Number(seconds) * 1e6 + Number(micros)] as const,
  );
  const counts = [...usage.matchAll(/ru_(\w+)=(\d+)/g)].map(([, name = "", count]) => [name, Number(count)] as const);
  return new Map([...times, ...counts]);
}

function readEnd(tid: number, line: string): [number, TracedEnd][] {
  const match = END.exec(line);
  return match === null ? [] : [[tid, endOf(match[1], match[2], match[3] !== undefined)]];
}

function endOf(code: string | undefined, signal: string | undefined, coreDumped: boolean): TracedEnd {
  return {
    ...(code === undefined ? {} : { code: Number(code) }),
    ...(signal === undefined ? {} : { signal }),
    coreDumped,
  };
}

/** As documents decode it too: what is no UTF-8 becomes U+FFFD. */
function text(hex: string): string {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex").toString("utf8");
}
