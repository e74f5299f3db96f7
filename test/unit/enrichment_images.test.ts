import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { imageText } from "../../ecs/image.ts";
import type { ExecutedFile, ExecutedScript, HashResult } from "../../src/enrich/hash/hashes.ts";
import type { HashTicket } from "../../src/enrich/hash/ticket.ts";
import { ImageLookUp } from "../../src/enrich/image_look_up.ts";
import type { Package } from "../../src/enrich/packages/package.ts";
import type { PackageQuestion } from "../../src/enrich/packages/package_desk.ts";
import { Clock } from "../../src/process/clock.ts";
import type { Image } from "../../src/process/facts.ts";
import { image } from "./ecs_lives.ts";
import { fileOf, packagesFrom, Tickets } from "./enrichment.fixture.ts";
import { exec, ref } from "./world.fixture.ts";

const CLOCK = new Clock({ seconds: 1_700_000_000, nanos: 0 });
const BASH: Package = { name: "bash", version: "5.2-1", type: "deb" };
const HASHED: HashResult = { kind: "hashed", hashes: { sha256: "abc" } };

class Bench {
  readonly hashes = new Tickets<HashResult>();
  readonly packages = new Tickets<Package | null>();
  readonly files: ExecutedFile[] = [];
  readonly scripts: ExecutedScript[] = [];
  readonly questions: PackageQuestion[] = [];
  readonly lookUp = new ImageLookUp(
    {
      request: (file): HashTicket => {
        this.files.push(file);
        return this.hashes.of(String(file.file.inode));
      },
      requestScript: (script): HashTicket => {
        this.scripts.push(script);
        return this.hashes.of(script.path);
      },
    },
    packagesFrom(
      this.packages,
      () => 0,
      (question) => this.questions.push(question),
    ),
  );

  begin(changed: Partial<Image> = {}): Image {
    const one = image({ file: fileOf(7), executable: "/bin/7", findings: undefined, ...changed });
    this.lookUp.begin(one, exec(ref(10, 100), "/bin/7", 1500), CLOCK);
    return one;
  }

  hashed(key: string, result = HASHED): void {
    const ticket = this.hashes.get(key);
    ticket.result = result;
    this.lookUp.settled(ticket);
  }

  packaged(result: Package | null): void {
    const ticket = this.packages.get("/bin/7");
    ticket.result = result;
    this.lookUp.settled(ticket);
  }
}

describe("what is looked up about an image", () => {
  test("comes into all images that wait for it, each step as a new object", () => {
    const bench = new Bench();
    const [first, second] = [bench.begin(), bench.begin()];
    const none = {
      settled: false,
      hashPending: true,
      hash: undefined,
      scriptHash: undefined,
      package: undefined,
      rendered: undefined,
    };
    assert.deepEqual(first.findings, none);
    const before = first.findings;
    bench.hashed("7");
    const hashed = { ...none, hashPending: false, hash: { hashes: { sha256: "abc" } } };
    for (const { findings } of [first, second]) assert.deepEqual(findings, hashed);
    assert.deepEqual(before, none, "what was held is not changed");
    bench.packaged(BASH);
    for (const { findings } of [first, second]) assert.deepEqual(findings, { ...hashed, settled: true, package: BASH });
    assert.equal(bench.lookUp.open, 0);
  });

  test("is there at once when it is known already", () => {
    const bench = new Bench();
    bench.hashed("7");
    bench.packaged(null);
    assert.equal(bench.begin().findings?.settled, true);
    assert.equal(bench.lookUp.open, 0);
  });

  test("is one object for all images of one executable, as long as what is known holds", () => {
    const bench = new Bench();
    bench.hashed("7");
    bench.packaged(BASH);
    const first = bench.begin();
    assert.equal(bench.begin().findings, first.findings);
    assert.equal(bench.questions.length, 1);
    bench.packages.get("/bin/7").until = 0;
    const later = bench.begin();
    assert.notEqual(later.findings, first.findings);
    assert.deepEqual(later.findings, first.findings);
    assert.equal(bench.questions.length, 2);
  });

  test("is another package for another name of one file, or below another root, and none for a name that is gone", () => {
    const bench = new Bench();
    bench.hashed("7");
    bench.packaged(BASH);
    const { namespaces } = bench.begin();
    bench.packages.get("/bin/8").result = null;
    assert.equal(bench.begin({ executable: "/bin/8" }).findings?.package, undefined);
    assert.deepEqual(bench.begin().findings?.package, BASH);
    assert.equal(bench.begin({ deleted: true }).findings?.package, undefined);
    bench.begin({ namespaces: { ...namespaces, mnt: namespaces.mnt + 1 } });
    assert.equal(bench.questions.at(-1)?.mntNs, namespaces.mnt + 1);
  });

  test("is not left waiting when one of two is known already", () => {
    const bench = new Bench();
    bench.packaged(BASH);
    const one = bench.begin();
    assert.deepEqual(one.findings?.package, BASH);
    assert.equal(bench.lookUp.open, 1);
    bench.hashed("7");
    assert.equal(one.findings?.settled, true);
  });

  test("ends the text that was kept of the image without it", () => {
    const bench = new Bench();
    const one = bench.begin();
    for (let time = 0; time < 3; time++) assert.doesNotMatch(imageText(one), /"hash"/);
    bench.hashed("7");
    for (let time = 0; time < 3; time++) assert.match(imageText(one), /"hash":\{"sha256":"abc"\}/);
  });

  test("says why there is no hash", () => {
    const bench = new Bench();
    const one = bench.begin();
    bench.hashed("7", { kind: "none", reason: "too_large" });
    assert.deepEqual(one.findings?.hash, { reason: "too_large" });
    assert.equal(one.findings?.hashPending, false);
  });

  test("is asked for by what the record says of the file", () => {
    const bench = new Bench();
    const one = bench.begin();
    const mntNs = one.namespaces.mnt;
    const file = { pid: 10, path: "/bin/7", memfd: false, deleted: false, mntNs, file: one.file };
    assert.deepEqual(bench.files, [file]);
    assert.deepEqual(bench.questions, [{ pid: 10, path: "/bin/7", mntNs, file: one.file }]);
  });

  test("is nothing where the kernel did not tell which file it is", () => {
    const bench = new Bench();
    assert.equal(bench.begin({ file: undefined }).findings, undefined);
    assert.deepEqual(bench.hashes.asked, []);
  });

  test("is no package where the path does not lead to the file", () => {
    const bench = new Bench();
    for (const changed of [{ deleted: true }, { memfd: true, executable: "memfd:x" }, { executable: undefined }]) {
      const one = bench.begin(changed);
      bench.hashed("7");
      assert.equal(one.findings?.settled, true);
    }
    assert.deepEqual(bench.questions, []);
  });

  test("is the script too, as of the moment of the exec", () => {
    const bench = new Bench();
    const one = bench.begin({ scriptPath: "/opt/job" });
    const { startTicks, path, execMs, interpreterPath, interpreter } = bench.scripts[0] ?? assert.fail();
    assert.deepEqual(
      { startTicks, path, execMs, interpreterPath, interpreter },
      {
        ...{ startTicks: 10, path: "/opt/job", execMs: 1_700_000_001_500 },
        ...{ interpreterPath: "/bin/7", interpreter: one.file },
      },
    );
    bench.hashed("7");
    bench.packaged(null);
    assert.deepEqual([one.findings?.settled, one.findings?.hashPending], [false, true]);
    bench.hashed("/opt/job");
    assert.deepEqual(one.findings?.scriptHash, { hashes: { sha256: "abc" } });
    assert.equal(one.findings?.settled, true);
  });

  test("is not the script where its path is not whole", () => {
    const bench = new Bench();
    bench.begin({ scriptPath: "job" });
    assert.deepEqual(bench.scripts, []);
  });

  test("is the package alone without hashes", () => {
    const packages = new Tickets<Package | null>();
    const lookUp = new ImageLookUp(
      undefined,
      packagesFrom(packages, () => 0),
    );
    const one = image({ file: fileOf(7), executable: "/bin/7", scriptPath: "/opt/job", findings: undefined });
    lookUp.begin(one, exec(ref(10, 100), "/bin/7", 1500), CLOCK);
    assert.deepEqual([one.findings?.settled, one.findings?.hashPending], [false, false]);
    const ticket = packages.get("/bin/7");
    ticket.result = BASH;
    lookUp.settled(ticket);
    assert.deepEqual(one.findings?.package, BASH);
  });
});
