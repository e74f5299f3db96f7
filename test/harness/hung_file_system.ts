import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { programPath } from "./checkout.ts";
import { within } from "./deadline.ts";
import { eachLine } from "./lines.ts";
import { live } from "./live.ts";

/** For tests that need one, as `live`. */
export const hangs = { skip: live.skip === false ? whatIsMissing() : live.skip };

function whatIsMissing(): string | false {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return "needs /dev/fuse, for a file system that hangs";
  }
}

/** A file system that never answers one kind of request for its file `hung` (test/programs/hung_fs.c); gone after the test. */
export class HungFileSystem {
  readonly folder: string;
  readonly pid: number;
  /** Ends it: who waits is let go. */
  readonly end: () => void;
  /** Resolves when somebody waits for the answer that does not come. */
  readonly hangs: Promise<void>;

  private constructor(folder: string, hangs: Promise<void>, pid: number, end: () => void) {
    this.folder = folder;
    this.hangs = hangs;
    this.pid = pid;
    this.end = end;
  }

  static async mount(t: TestContext, request: "open" | "read" | "stat"): Promise<HungFileSystem> {
    const folder = mkdtempSync(join(tmpdir(), "mayfly-hung-"));
    const daemon = spawn(programPath("hung_fs"), [folder, request], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<void>((resolve) => daemon.on("exit", () => resolve()));
    t.after(async () => {
      daemon.kill("SIGKILL");
      await ended;
      spawnSync("umount", ["-l", folder], { stdio: "ignore" });
      rmdirSync(folder);
    });
    const hears = new Map<string, () => void>();
    const word = (what: string): Promise<void> => new Promise((resolve) => hears.set(what, resolve));
    const [ready, hangs] = [word("ready"), word("hangs")];
    void eachLine(daemon.stdout, (line) => hears.get(line)?.());
    await within(Promise.race([ready, ended]), 5_000, () => "hung_fs is not ready");
    assert.ok(daemon.pid !== undefined && daemon.exitCode === null, "hung_fs could not mount; its stderr says why");
    return new HungFileSystem(folder, hangs, daemon.pid, () => daemon.kill("SIGKILL"));
  }
}
