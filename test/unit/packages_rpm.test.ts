import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Owners } from "../../src/enrich/packages/owners.ts";
import { PathHash } from "../../src/enrich/packages/path_hash.ts";
import { addRpmHeader } from "../../src/enrich/packages/rpm_header.ts";
import { PackageRoot, rpmFixture } from "./packages.fixture.ts";

const SQLITE = "usr/lib/sysimage/rpm/rpmdb.sqlite";
const NDB = "usr/lib/sysimage/rpm/Packages.db";
/** `select rootpage from sqlite_schema where name = 'Packages'` of the fixture, and its page size. */
const PACKAGES_PAGE = 2;
const PAGE = 4096;

/** What `rpm -qa --qf '%{NAME} %{EVR}'` says of the fixture: every package NAME owns /usr/bin/NAME and /bin/NAME-old. */
const TRUTH = [
  ...[1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12].map((number) => `small${number} 1.${number}-2`),
  "plain 1.0-1",
  "large 10.20.30-1.fc41",
  "epoch 7:2.3-4.el9",
];

async function packagesIn(root: PackageRoot): Promise<string[]> {
  const found = [];
  for (const words of TRUTH) {
    const name = words.split(" ")[0] as string;
    const owner = await root.owner(`/usr/bin/${name}`);
    assert.equal(await root.owner(`/bin/${name}-old`), owner, "all files of a package or none");
    if (owner !== undefined) found.push(owner);
  }
  return found;
}

describe("rpm's database", () => {
  for (const folder of ["usr/lib/sysimage/rpm", "var/lib/rpm", "usr/share/rpm"]) {
    test(`in SQLite is read from /${folder}`, async (t) => {
      const root = PackageRoot.make(t, { [`${folder}/rpmdb.sqlite`]: rpmFixture("rpmdb.sqlite") });
      assert.deepEqual(await packagesIn(root), TRUTH);
      assert.deepEqual(await root.lookup("/usr/bin/epoch"), { name: "epoch", version: "7:2.3-4.el9", type: "rpm" });
      assert.equal(root.databases.counters.damaged, 0);
    });
  }

  test("names regular files only, whole paths, and no file that two packages share", async (t) => {
    const root = PackageRoot.make(t, { [SQLITE]: rpmFixture("rpmdb.sqlite") });
    // 400 files: a header of 13 pages.
    for (const file of [1, 200, 400])
      assert.equal(await root.owner(`/usr/share/large/file-${file}`), "large 10.20.30-1.fc41");
    const none = ["/usr/bin/small7", "/usr/bin/plain-link", "/usr/share/large", "/plain", "/usr/share/large/file-401"];
    for (const path of none) assert.equal(await root.owner(path), undefined, path);
    assert.equal(await root.owner("/usr/bin/shared"), undefined);
    assert.equal(root.databases.counters.ambiguous, 1);
  });

  test("includes what is committed in the write-ahead log", async (t) => {
    // It takes small1 out, and in another transaction makes small2 1.2 into 9.2.
    const log = rpmFixture("rpmdb.sqlite-wal");
    const root = PackageRoot.make(t, { [SQLITE]: rpmFixture("rpmdb.sqlite"), [`${SQLITE}-wal`]: log });
    assert.equal(await root.owner("/usr/bin/small1"), undefined);
    assert.equal(await root.owner("/usr/bin/small2"), "small2 9.2-2");
    assert.equal(await root.owner("/usr/bin/small3"), "small3 1.3-2");
    assert.equal(root.databases.counters.damaged, 0);
  });

  for (const [harm, change] of [
    ["cut off in its last frame", (log: Buffer) => log.subarray(0, log.length - 1)],
    [
      "damaged in its last frame",
      (log: Buffer) => Buffer.concat([log.subarray(0, -1), Buffer.from([~(log.at(-1) ?? 0) & 0xff])]),
    ],
  ] as const) {
    test(`leaves out a transaction whose log is ${harm}`, async (t) => {
      const log = change(rpmFixture("rpmdb.sqlite-wal"));
      const root = PackageRoot.make(t, { [SQLITE]: rpmFixture("rpmdb.sqlite"), [`${SQLITE}-wal`]: log });
      assert.equal(await root.owner("/usr/bin/small1"), undefined);
      assert.equal(await root.owner("/usr/bin/small2"), "small2 1.2-2");
    });
  }

  test("is read again when only the log has changed", async (t) => {
    const root = PackageRoot.make(t, { [SQLITE]: rpmFixture("rpmdb.sqlite"), [`${SQLITE}-wal`]: "" });
    assert.equal(await root.owner("/usr/bin/small2"), "small2 1.2-2");
    root.write(`${SQLITE}-wal`, rpmFixture("rpmdb.sqlite-wal"));
    root.later();
    assert.equal(await root.owner("/usr/bin/small2"), "small2 9.2-2");
  });

  test("in SUSE's format is read, without the package that was taken out", async (t) => {
    const root = PackageRoot.make(t, { [NDB]: rpmFixture("Packages.db") });
    assert.deepEqual(
      await packagesIn(root),
      TRUTH.filter((words) => words !== "small2 1.2-2"),
    );
    assert.equal(root.databases.counters.damaged, 0);
  });

  test("in Berkeley DB is counted as unsupported", async (t) => {
    const root = PackageRoot.make(t, { "var/lib/rpm/Packages": "\0\0\0\0" });
    assert.equal(await root.owner("/usr/bin/plain"), undefined);
    assert.equal(root.databases.counters.unsupported, 1);
  });
});

describe("a damaged rpm database", () => {
  async function counted(t: TestContext, file: string, bytes: Buffer): Promise<PackageRoot> {
    const root = PackageRoot.make(t, { [file]: bytes });
    await root.owner("/usr/bin/plain");
    assert.ok(root.databases.counters.damaged > 0, "is counted");
    return root;
  }

  test("whose tree leads in a circle ends", async (t) => {
    const bytes = rpmFixture("rpmdb.sqlite");
    const page = (PACKAGES_PAGE - 1) * PAGE;
    assert.equal(bytes[page], 5, "an interior page");
    bytes.writeUInt32BE(PACKAGES_PAGE, page + 8);
    const root = await counted(t, SQLITE, bytes);
    assert.equal(await root.owner("/usr/bin/epoch"), undefined, "it was in the leaf that is not led to any more");
    assert.equal(await root.owner("/usr/bin/small1"), "small1 1.1-2");
  });

  test("that is cut off, empty, or of absurd page sizes says nothing false", async (t) => {
    const bytes = rpmFixture("rpmdb.sqlite");
    for (const end of [0, 50, 100, 5000, 60_000, bytes.length - 1]) {
      const root = PackageRoot.make(t, { [SQLITE]: bytes.subarray(0, end) });
      for (const words of await packagesIn(root)) assert.ok(TRUTH.includes(words), words);
      if (end < 60_000) assert.ok(root.databases.counters.damaged > 0, `${end} bytes`);
    }
    for (const size of [0, 2, 256, 1000, 0xffff]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt16BE(size, 16);
      await counted(t, SQLITE, changed);
    }
  });

  for (const [file, fixture] of [
    [SQLITE, "rpmdb.sqlite"],
    [NDB, "Packages.db"],
  ] as const) {
    test(`${fixture} with random bytes overwritten never throws, hangs, or grows`, async (t) => {
      const sound = rpmFixture(fixture);
      const random = generator(1);
      for (let round = 0; round < 60; round++) {
        const bytes = Buffer.from(sound);
        // Half of the blows into the first pages, which lead to all the others.
        for (let blow = 0; blow < 20; blow++) {
          bytes[random() % (blow % 2 === 0 ? 3 * PAGE : bytes.length)] = random() & 0xff;
        }
        const root = PackageRoot.make(t, { [file]: bytes });
        await root.owner("/usr/bin/plain");
        const { unreachable, unreadable } = root.databases.counters;
        assert.deepEqual([unreachable, unreadable], [0, 0], `round ${round}: nothing was thrown`);
        assert.ok(root.databases.bytes < 1 << 20, `round ${round}`);
      }
    });
  }

  test("with absurd counts in a header yields nothing of that package", () => {
    const sound = header({ files: ["a", "b"] });
    assert.deepEqual(added(sound), [true, 2]);
    for (const [what, blob] of [
      ["empty", Buffer.alloc(0)],
      ["cut off", sound.subarray(0, -1)],
      ["4 billion entries", patched(sound, 0, 0xffffffff)],
      ["4 billion bytes", patched(sound, 4, 0xffffffff)],
      ["4 billion names", header({ files: ["a", "b"], baseCount: 0xffffffff })],
      ["more names than there are", header({ files: ["a", "b"], baseCount: 3 })],
      ["4 billion directories", header({ files: ["a", "b"], directoryCount: 0xffffffff })],
      ["a directory that is not", header({ files: ["a", "b"], directory: 1 })],
      ["fewer directories' numbers than names", header({ files: ["a", "b"], indexCount: 1 })],
      ["numbers beyond the data", header({ files: ["a", "b"], indexCount: 0xffffffff })],
      ["no version", header({ files: ["a", "b"], version: "" })],
    ] as const) {
      assert.deepEqual(added(blob), [false, 0], what);
    }
  });
});

/** Whether a header made sense, and how many paths it added. */
function added(blob: Buffer): [boolean, number] {
  const owners = new Owners(new PathHash());
  return [addRpmHeader(blob, owners), owners.paths];
}

function patched(blob: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(blob);
  changed.writeUInt32BE(value, at);
  return changed;
}

/** The header of package p 1-1 with these files in /usr/bin/. */
function header(options: {
  files: readonly string[];
  version?: string;
  baseCount?: number;
  directoryCount?: number;
  indexCount?: number;
  directory?: number;
}): Buffer {
  const { files } = options;
  const indexes = Buffer.alloc(4 * files.length);
  for (const at of files.keys()) indexes.writeUInt32BE(options.directory ?? 0, 4 * at);
  const text = (...strings: readonly string[]): Buffer => Buffer.from(strings.map((string) => `${string}\0`).join(""));
  const tags: [tag: number, type: number, count: number, data: Buffer][] = [
    [1116, 4, options.indexCount ?? files.length, indexes],
    [1000, 6, 1, text("p")],
    [1001, 6, 1, text(options.version ?? "1")],
    [1002, 6, 1, text("1")],
    [1118, 8, options.directoryCount ?? 1, text("/usr/bin/")],
    [1117, 8, options.baseCount ?? files.length, text(...files)],
  ];
  const entries = Buffer.alloc(8 + 16 * tags.length);
  const data = Buffer.concat(tags.map(([, , , bytes]) => bytes));
  entries.writeUInt32BE(tags.length, 0);
  entries.writeUInt32BE(data.length, 4);
  let offset = 0;
  for (const [at, [tag, type, count, bytes]] of tags.entries()) {
    for (const [word, value] of [tag, type, offset, count].entries())
      entries.writeUInt32BE(value, 8 + 16 * at + 4 * word);
    offset += bytes.length;
  }
  return Buffer.concat([entries, data]);
}

/** xorshift32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
