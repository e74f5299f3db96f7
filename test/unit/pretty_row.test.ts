import assert from "node:assert/strict";
import { test } from "node:test";
import { endingOf } from "../../src/cli/pretty/ending.ts";
import { durationText } from "../../src/cli/pretty/quantity.ts";
import { PrettyRows } from "../../src/cli/pretty/row.ts";
import { shellWord, visibleText } from "../../src/cli/pretty/sanitise.ts";
import { Style } from "../../src/cli/pretty/style.ts";
import { columnsOf, cut } from "../../src/cli/pretty/width.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import { life, styleOf } from "./pretty.fixture.ts";

const nobody = (): undefined => undefined;

function word(text: string, unicode = true): string {
  return shellWord(text, unicode)
    .map((piece) => piece.text)
    .join("");
}

function rowOf(one: Lifecycle, columns: number | undefined = 200): string {
  return new PrettyRows(styleOf(columns), nobody).row(one);
}

test("nothing that a process says reaches the terminal as a control, a direction or an invisible character", () => {
  const evil = [
    "\0",
    "\x07",
    "\x1b[2J",
    "\x7f",
    "\u009b31m",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u2029",
    "\ud800",
    "\u061c",
    "\u{e0041}",
    "\u3164",
    "\ufe0f",
    "\u00a0",
    "\ue0b0",
  ];
  for (const text of evil) {
    const one = life({ args: [`/bin/${text}`, `a${text}b`], executable: `/bin/${text}` });
    for (const columns of [undefined, 80, 40]) {
      const rows = new PrettyRows(styleOf(columns), () => `u${text}`);
      assert.match(rows.row(one), /^[\x20-\x7e└…]*\n$/u, JSON.stringify(text));
    }
  }
});

test("what is unsafe is shown as the escape that bash would read back", () => {
  assert.equal(word("a\nb\t\x1b[0m"), "$'a\\nb\\t\\x1b[0m'");
  assert.equal(word("x\u202ey\u{e0041}"), "$'x\\u202ey\\U000e0041'");
  assert.equal(word("it's \\ a\n"), "$'it\\'s \\\\ a\\n'");
  assert.equal(visibleText("bad\u009b\nname", true), "bad\\u009b\\nname");
});

test("arguments are quoted only when a shell needs it", () => {
  const expected = {
    "-O2": "-O2",
    "a=b/c,d:e.f": "a=b/c,d:e.f",
    "": "''",
    "a b": "'a b'",
    "it's": "'it'\\''s'",
    $HOME: "'$HOME'",
    "*.c": "'*.c'",
    naïve: "naïve",
    文件: "文件",
    "~": "'~'",
  };
  for (const [given, quoted] of Object.entries(expected)) assert.equal(word(given), quoted);
});

test("a terminal without UTF-8 gets ASCII only", () => {
  const rows = new PrettyRows(styleOf(40, { LANG: "de_DE.ISO-8859-1" }), nobody);
  const parent = life({ args: ["parent"] });
  const text = rows.header() + rows.row(parent) + rows.row(life({ parent, args: ["ě文", "x".repeat(99)] }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR sequences are ours
  assert.match(text.replace(/\x1b\[[0-9;]*m/g, ""), /^[\x20-\x7e\n]*$/);
  assert.match(text, /\\u011b/);
});

test("the locale's variables are asked in the order of locale(7)", () => {
  const unicode = (env: Record<string, string>): boolean => styleOf(80, env).unicode;
  assert.equal(unicode({ LC_ALL: "C", LANG: "C.UTF-8" }), false);
  assert.equal(unicode({ LC_ALL: "", LC_CTYPE: "en_US.utf8", LANG: "C" }), true);
  assert.equal(unicode({ LANG: "de_DE.UTF-8" }), true);
  assert.equal(unicode({}), false);
});

test("colour follows FORCE_COLOR, then NO_COLOR, then the terminal", () => {
  const colour = (env: Record<string, string>, isTTY = true): boolean =>
    new Style({ env, isTTY, columns: () => 80 }).colour;
  assert.equal(colour({}), true);
  assert.equal(colour({}, false), false);
  assert.equal(colour({ NO_COLOR: "1" }), false);
  assert.equal(colour({ NO_COLOR: "" }), true);
  assert.equal(colour({ TERM: "dumb" }), false);
  assert.equal(colour({ FORCE_COLOR: "1", NO_COLOR: "1" }, false), true);
  assert.equal(colour({ FORCE_COLOR: "0" }), false);
});

test("no row is wider than the terminal, whatever is in it", () => {
  const parts = [
    "x".repeat(300),
    "文".repeat(80),
    "🚀".repeat(80),
    "e\u0301".repeat(200),
    "a b",
    "\x1b".repeat(60),
    "🇩🇪".repeat(30),
    "👍🏽".repeat(30),
  ];
  for (const columns of [20, 40, 41, 72, 80, 81, 120, 200]) {
    const rows = new PrettyRows(styleOf(columns), () => "文件文件文件文件");
    const lines = [rows.header(), rows.watching(65)];
    let parent: Lifecycle | undefined;
    for (const part of parts) {
      const one = life({
        args: [`/${part}`, part, part],
        status: 0x8b,
        ms: 1e9,
        pid: 4_194_304,
        ...(parent && { parent }),
      });
      lines.push(rows.row(one));
      parent = one;
    }
    for (const line of lines) {
      assert.ok(line.endsWith("\n") && line.indexOf("\n") === line.length - 1);
      assert.ok(columnsOf(line.slice(0, -1)) <= columns, `${columnsOf(line)} > ${columns}: ${line}`);
    }
  }
});

test("what is cut ends with an ellipsis, what fits does not", () => {
  assert.match(rowOf(life({ args: ["x".repeat(200)] }), 80), /x…\n$/);
  assert.match(rowOf(life({ args: ["cat", "y"] }), 80), /cat y\n$/);
  assert.match(rowOf(life({ args: ["文".repeat(50)] }), 80), /文…\n$/);
  assert.match(rowOf(life({ args: ["e\u0301".repeat(200)] }), 80), /…\n$/);
});

test("without a width the whole command line is shown", () => {
  const style = new Style({ env: {}, isTTY: false, columns: () => undefined });
  const row = new PrettyRows(style, nobody).row(life({ args: ["cat", "x".repeat(10_000)] }));
  assert.ok(row.endsWith(`cat ${"x".repeat(10_000)}\n`));
});

test("a resize is followed, with a new header when the columns change", () => {
  let columns = 120;
  const rows = new PrettyRows(new Style({ env: { LANG: "C.UTF-8" }, isTTY: false, columns: () => columns }), nobody);
  rows.header();
  const one = life({ args: ["y".repeat(300)] });
  assert.equal(columnsOf(rows.row(one).trimEnd()), 120);
  columns = 40;
  const [header, row, rest] = rows.row(one).split("\n");
  assert.match(header ?? "", /PID.*TOOK.*COMMAND/);
  assert.equal(columnsOf(row ?? ""), 40);
  assert.equal(rest, "");
  assert.equal(rows.row(one).split("\n").length, 2);
});

test("the user is named, or shown by number", () => {
  const rows = new PrettyRows(styleOf(80), (uid) => (uid === 33 ? "www-data" : undefined));
  assert.match(rows.row(life({ uid: 33 })), / www-data /);
  assert.match(rows.row(life({ uid: 4711 })), / 4711 /);
});

test("a row stands under its parent's while that is on the screen", () => {
  const rows = new PrettyRows(styleOf(120), nobody);
  const parent = life({ args: ["make"] });
  const child = life({ parent, args: ["sh"] });
  const column = (row: string, name: string): number => row.indexOf(name);
  const first = column(rows.row(parent), "make");
  assert.equal(column(rows.row(child), "sh"), first + 2);
  assert.equal(column(rows.row(life({ parent: child, args: ["cc"] })), "cc"), first + 4);
  for (let i = 0; i < 24; i++) rows.row(life());
  assert.equal(column(rows.row(life({ parent, args: ["late"] })), "late"), first);
});

test("every kind of life has its sign", () => {
  const { fork, exec, end } = Transition;
  const sign = (transitions: number): string => rowOf(life({ transitions, args: ["PROGRAM"] })).at(-10) ?? "";
  assert.equal(sign(fork | exec | end), " ");
  assert.equal(sign(fork | exec), "+");
  assert.equal(sign(fork), "&");
  assert.equal(sign(fork | end), "&");
  assert.equal(sign(exec), "»");
  assert.equal(sign(exec | end), "»");
  assert.equal(sign(end), "-");
});

test("an ending is told in words", () => {
  const words = (status: number | null): string => {
    const { exit } = life({ status });
    assert.ok(exit !== undefined);
    return endingOf(exit).text;
  };
  const expected: [number | null, string][] = [
    [0, ""],
    [3 << 8, "exit 3"],
    [255 << 8, "exit 255"],
    [137 << 8, "exit 137"],
    [9, "killed"],
    [11, "segfault"],
    [11 | 0x80, "segfault (core)"],
    [6, "aborted"],
    [15, "terminated"],
    [2, "interrupted"],
    [13, "broken pipe"],
    [34, "SIGRTMIN"],
    [37, "SIGRTMIN+3"],
    [64, "SIGRTMIN+30"],
    [null, "unseen"],
  ];
  for (const [status, text] of expected) assert.equal(words(status), text);
});

test("a duration has three digits and fits in six columns", () => {
  const expected: [number, string][] = [
    [0.00084, "0.84ms"],
    [0.0123, "12.3ms"],
    [0.009996, "10.0ms"],
    [0.09996, "100ms"],
    [0.9994, "999ms"],
    [0.9996, "1.00s"],
    [3.02, "3.02s"],
    [59.94, "59.9s"],
    [59.96, "1m00s"],
    [252, "4m12s"],
    [3_599.6, "1h00m"],
    [7_500, "2h05m"],
    [86_399, "1d00h"],
    [273_600, "3d04h"],
  ];
  for (const [seconds, text] of expected) assert.equal(durationText(seconds), text);
});

test("the scan is one line with its count", () => {
  const rows = new PrettyRows(styleOf(80), nobody);
  assert.equal(rows.watching(65), "watching; 65 processes were already running\n");
  assert.equal(rows.watching(1), "watching; 1 process was already running\n");
});

test("a program's long path gives way on a narrow terminal only", () => {
  const one = life({ args: ["/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "-quiet"] });
  assert.match(rowOf(one, 80), /…\/cc1 -quiet\n$/);
  assert.match(rowOf(one, 200), /\/usr\/lib\/gcc\/x86_64-linux-gnu\/12\/cc1 -quiet\n$/);
});

test("a process without arguments is shown by its name in brackets", () => {
  const one = life({ args: [], executable: "/sbin/init" });
  assert.match(rowOf(one), / \[init\]\n$/);
  assert.match(rowOf({ ...one, image: undefined }), / \[unknown\]\n$/);
});

test("columns are those of wcwidth", () => {
  for (const [text, columns] of [
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["文件", 4],
    ["한글", 4],
    ["ｆ", 2],
    ["🚀", 2],
    ["☠", 1],
    ["…", 1],
    ["│", 1],
  ] as const) {
    assert.equal(columnsOf(text), columns, text);
  }
  assert.equal(cut("a文b", 2), "a");
  assert.equal(cut("a文b", 3), "a文");
});
