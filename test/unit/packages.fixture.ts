import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Package } from "../../src/enrich/packages/package.ts";
import { PackageDatabases } from "../../src/enrich/packages/package_databases.ts";
import { CHECKOUT } from "../harness/checkout.ts";

/** Any inode of a mount namespace: these roots are folders, so nothing compares it. */
export const NAMESPACE = 4026531841;

/** A folder that stands for the root of a process, and the databases that look into it. */
export class PackageRoot {
  readonly path: string;
  readonly databases: PackageDatabases;
  /** Milliseconds; only tests move it. It runs ahead of the files' time stamps, as it does for a database that is not just being written. */
  now = Date.now() + 3_600_000;

  private constructor(path: string, maxBytes: number) {
    this.path = path;
    this.databases = new PackageDatabases({ maxRoots: 2, maxBytes, now: () => this.now });
  }

  static make(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}, maxBytes = 64 << 20): PackageRoot {
    const path = mkdtempSync(join(tmpdir(), "mayfly-packages-"));
    t.after(() => rmSync(path, { recursive: true, force: true }));
    const root = new PackageRoot(path, maxBytes);
    for (const [name, content] of Object.entries(files)) root.write(name, content);
    return root;
  }

  at(path: string): string {
    return join(this.path, path);
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
  }

  lookup(path: string): Promise<Package | undefined> {
    return this.databases.lookup(this.path, NAMESPACE, path);
  }

  /** `name version`, or undefined. */
  async owner(path: string): Promise<string | undefined> {
    const found = await this.lookup(path);
    return found && `${found.name} ${found.version}`;
  }

  /** Lets so much time pass that changes are looked for. */
  later(ms = 1000): void {
    this.now += ms;
  }
}

/** Stanzas of dpkg's status for `name version` each, installed, and their lists of files in info/. */
export function dpkgFiles(packages: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const files: Record<string, string> = {};
  let status = "";
  for (const [words, paths] of Object.entries(packages)) {
    const [name, version] = words.split(" ");
    status += `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n Package: not\n\n`;
    files[`var/lib/dpkg/info/${name}.list`] = paths.map((path) => `${path}\n`).join("");
  }
  return { ...files, "var/lib/dpkg/status": status };
}

/** A database that rpm 4.18 wrote (Packages.db: rpm's own lib/backend/ndb/rpmpkg.c), of packages made for this. */
export function rpmFixture(name: "rpmdb.sqlite" | "rpmdb.sqlite-wal" | "Packages.db"): Buffer {
  return gunzipSync(readFileSync(join(CHECKOUT, "test/fixtures/packages", `${name}.gz`)));
}
