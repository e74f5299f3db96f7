import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, type Owner } from "./at_end.ts";

/** A file system in memory with room for little. It is gone when its owner is over; mounting needs root. */
export class SmallDisk {
  readonly path: string;

  /** @param kib its size */
  static mount(owner: Owner, kib: number): SmallDisk {
    const disk = new SmallDisk();
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k,mode=0700`, "tmpfs", disk.path]);
    atEnd(owner, () => disk.#unmount());
    return disk;
  }

  private constructor() {
    this.path = mkdtempSync(join(tmpdir(), "mayfly-disk-"));
  }

  /** Its size from now on, in KiB. */
  resize(kib: number): void {
    execFileSync("mount", ["-o", `remount,size=${kib}k`, this.path]);
  }

  /** Another's file takes all the room that is left. */
  fill(): void {
    const { bfree, bsize } = statfsSync(this.path);
    writeFileSync(this.#filler, Buffer.alloc(bfree * bsize));
  }

  /** Takes that file away. */
  clear(): void {
    rmSync(this.#filler);
  }

  get #filler(): string {
    return join(this.path, "filler");
  }

  #unmount(): void {
    execFileSync("umount", [this.path]);
    rmdirSync(this.path);
  }
}
