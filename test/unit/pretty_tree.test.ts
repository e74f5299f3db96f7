import assert from "node:assert/strict";
import { test } from "node:test";
import { summaryText } from "../../src/cli/pretty/summary.ts";
import { ProcessTree } from "../../src/cli/pretty/tree.ts";
import { columnsOf } from "../../src/cli/pretty/width.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { LifeOptions } from "./pretty.fixture.ts";
import { life, styleOf } from "./pretty.fixture.ts";

const { fork, exec, end } = Transition;

function treeOf(lives: readonly Lifecycle[], columns = 80, limits = {}): ProcessTree {
  const tree = new ProcessTree(styleOf(columns), limits);
  for (const one of lives) tree.add(one);
  return tree;
}

/** The rows below the header, each from where the commands begin. */
function commands(tree: ProcessTree): string[] {
  const [header = "", ...rows] = tree.render().trimEnd().split("\n");
  return rows.map((row) => row.slice(header.indexOf("COMMAND")));
}

function many(count: number, options: (i: number) => LifeOptions): Lifecycle[] {
  return Array.from({ length: count }, (_, i) => life({ startMs: 100 + i, ...options(i) }));
}

test("the tree shows who started whom, in order of start, whoever ended first", () => {
  const root = life({ args: ["sh", "-c", "sleep 0.2; false"], startMs: 0, ms: 207, status: 1 << 8 });
  const sleep = life({ parent: root, args: ["sleep", "0.2"], startMs: 2, ms: 201 });
  const no = life({ parent: root, args: ["false"], startMs: 205, status: 1 << 8 });
  const inner = life({ parent: sleep, args: ["inner"], startMs: 3 });
  assert.deepEqual(commands(treeOf([inner, no, sleep, root])), [
    "sh -c 'sleep 0.2; false'",
    "├─ sleep 0.2",
    "│  └─ inner",
    "└─ false",
  ]);
  assert.match(treeOf([root]).render(), / 207ms 0\.00ms {2}exit 1 {3}sh -c/);
});

test("the documents of one process become one row with the chain of its images", () => {
  const start = { pid: 77, startMs: 10 };
  const tree = treeOf([
    life({ ...start, args: ["sh", "-c", "exec true"], transitions: fork | exec }),
    life({ ...start, args: ["env", "true"], transitions: exec }),
    life({ ...start, args: ["true", "now"], transitions: exec }),
    life({ ...start, args: ["true", "now"], transitions: end, ms: 1500, status: 3 << 8 }),
  ]);
  assert.deepEqual(commands(tree), ["sh → env → true now"]);
  assert.match(tree.render(), / 1\.50s .* exit 3 /);
  assert.equal(tree.family.totals.processes, 1);
});

test("a fork that execs later drops its parent's image, one that never does is called a fork", () => {
  const start = { pid: 78, startMs: 10 };
  const tree = treeOf([
    life({ ...start, args: ["sh"], transitions: fork }),
    life({ ...start, args: ["true"], transitions: exec | end }),
    life({ args: ["sh", "-c", "x"], executable: "/bin/sh", transitions: fork | end, startMs: 20 }),
  ]);
  assert.deepEqual(commands(tree), ["true", "fork of sh"]);
});

test("many siblings alike are one row; those that ended otherwise are not among them", () => {
  const root = life({ args: ["make"] });
  const good = many(312, () => ({ parent: root, args: ["cc1"], ms: 100 }));
  const bad = many(3, () => ({ parent: root, args: ["cc1", "bad.c"], startMs: 200, status: 1 << 8 }));
  const killed = many(20, () => ({ parent: root, args: ["cc1"], startMs: 300, status: 9 }));
  const tree = treeOf([root, ...good, ...bad, ...killed]);
  assert.deepEqual(commands(tree), [
    "make",
    "├─ cc1 × 312 (total 31.2s, longest 100ms)",
    "├─ cc1 bad.c",
    "├─ cc1 bad.c",
    "├─ cc1 bad.c",
    "└─ cc1 × 20 (total 20.0ms, longest 1.00ms)",
  ]);
  assert.match(tree.render(), /exit 1 .*bad\.c/);
  assert.match(tree.render(), /killed .*cc1 × 20/);
});

test("eight siblings alike are still shown one by one", () => {
  const root = life({ args: ["make"] });
  assert.equal(commands(treeOf([root, ...many(8, () => ({ parent: root, args: ["cc"] }))])).length, 9);
  assert.equal(commands(treeOf([root, ...many(9, () => ({ parent: root, args: ["cc"] }))])).length, 2);
});

test("more rows than the bound are counted below their parent, failures too", () => {
  const root = life({ args: ["make"], startMs: 0 });
  const shells = many(40, (i) => ({ parent: root, args: [`sh${i}`] }));
  const leaves = shells.map((parent, i) =>
    life({ parent, args: ["cc"], startMs: 500 + i, status: i === 39 ? 1 << 8 : 0 }),
  );
  const tree = treeOf([root, ...shells, ...leaves], 80, { maxRows: 20 });
  const rows = commands(tree);
  assert.ok(rows.length <= 20, `${rows.length} rows`);
  const shown = rows.filter((row) => !row.includes("more")).length;
  const last = rows.at(-1) ?? "";
  const hidden = rows
    .flatMap((row) => row.match(/… (\d+) more/)?.[1] ?? [])
    .reduce((sum, count) => sum + Number(count), 0);
  assert.equal(shown + hidden, 81);
  assert.match(last, /^└─ … \d+ more \(1 failed\)$/);
});

test("the rows shown and the rows counted always add up to all processes", () => {
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const maxRows of [5, 17, 60, 400]) {
    const lives: Lifecycle[] = [life({ args: ["root"], startMs: 0 })];
    for (let i = 1; i < 300; i++) {
      const parent = lives[random(Math.min(i, 40))];
      assert.ok(parent);
      lives.push(life({ parent, args: [`p${random(4)}`], startMs: i, status: random(5) === 0 ? 256 : 0 }));
    }
    const rows = commands(treeOf(lives, 200, { maxRows }));
    const counted = rows.reduce((sum, row) => sum + Number(row.match(/(?:… |× )(\d+)/)?.[1] ?? 1), 0);
    assert.equal(counted, 300, `maxRows ${maxRows}`);
    assert.ok(rows.length <= maxRows, `${rows.length} > ${maxRows}`);
  }
});

test("processes beyond the bound on memory are counted and told, with their failures", () => {
  const tree = treeOf(
    many(15, (i) => ({ args: [`p${i}`], status: i === 14 ? 256 : 0 })),
    80,
    { maxProcesses: 10 },
  );
  assert.match(tree.render(), /and 5 processes beyond the 10 that are kept, only counted \(1 failed\)\n$/);
  assert.match(summaryText(tree.family, { wallSeconds: 1, lostRecords: 0 }, styleOf()), /^15 processes, 1 failed in/);
});

test("a chain of ten thousand forks is drawn, and no row is wider than the terminal", () => {
  const lives: Lifecycle[] = [];
  for (let i = 0; i < 10_000; i++) {
    const parent = lives.at(-1);
    lives.push(life({ args: [`level${i}`, "文".repeat(50)], startMs: i, ...(parent && { parent }) }));
  }
  for (const columns of [40, 80, 120]) {
    const lines = treeOf(lives, columns).render().trimEnd().split("\n");
    assert.ok(lines.length <= 2_001);
    assert.match(lines.at(-1) ?? "", /… 8,\d+ more/);
    for (const line of lines) assert.ok(columnsOf(line) <= columns, line);
  }
});

test("a process that still runs is shown as running", () => {
  const tree = treeOf([life({ args: ["daemon"], transitions: fork | exec })]);
  assert.match(tree.render(), /running +daemon\n$/);
  assert.match(summaryText(tree.family, { wallSeconds: 1, lostRecords: 0 }, styleOf()), /1 still running/);
});

test("guides stay in line when an ending is long", () => {
  const root = life({ args: ["make"] });
  const tree = treeOf([
    root,
    life({ parent: root, args: ["crash"], status: 0x8b }),
    life({ parent: root, args: ["ok"], startMs: 9 }),
  ]);
  const rows = tree.render().trimEnd().split("\n");
  assert.equal(new Set(rows.slice(2).map((row) => row.search(/[├└]/))).size, 1);
});

test("without UTF-8 the guides are ASCII", () => {
  const style = styleOf(80, { LANG: "C" });
  const tree = new ProcessTree(style);
  const root = life({ args: ["make"] });
  for (const one of [
    root,
    ...many(20, () => ({ parent: root, args: ["cc"] })),
    life({ parent: root, args: ["ld"], startMs: 900 }),
  ])
    tree.add(one);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR sequences are ours
  const text = tree.render().replace(/\x1b\[[0-9;]*m/g, "");
  assert.match(text, /\|- cc x 20/);
  assert.match(text, /`- ld/);
  assert.match(text, /^[\x20-\x7e\n]*$/);
});

test("the summary names what failed, what was slow, what was large and what was lost", () => {
  const root = life({ args: ["make"], ms: 10_000, userMs: 500, status: 2 << 8, rss: 1 << 20 });
  const lives = [
    root,
    ...many(30, () => ({ parent: root, args: ["grep", "-q"], status: 1 << 8, ms: 1 })),
    life({ parent: root, args: ["cc1", "a.c"], ms: 9_000, userMs: 8_000, systemMs: 500, rss: 300 << 20, startMs: 5 }),
    life({ pid: 4242, parent: root, args: ["./test"], status: 0x8b, ms: 2_000, startMs: 6 }),
  ];
  assert.equal(
    summaryText(treeOf(lives).family, { wallSeconds: 10, lostRecords: 12 }, styleOf()),
    [
      "33 processes, 32 failed in 10.0s",
      "cpu      9.00s (user 8.50s, system 500ms), 0.9 cores",
      "failed   segfault (core)  pid 4242  ./test",
      "         exit 1           × 30  grep -q",
      `         exit 2           pid ${root.identity.pid}  make`,
      "slowest   9.00s  cc1 a.c",
      "          2.00s  ./test",
      "largest  300 MiB  cc1 a.c",
      "lost     12 records: processes or ends are missing above",
      "",
    ].join("\n"),
  );
});

test("a command without failures and losses has a short summary", () => {
  const text = summaryText(
    treeOf([life({ args: ["true"] })]).family,
    { wallSeconds: 0.002, lostRecords: 0 },
    styleOf(),
  );
  assert.equal(text, "1 process in 2.00ms\ncpu      0.00ms (user 0.00ms, system 0.00ms), 0.0 cores\n");
});
