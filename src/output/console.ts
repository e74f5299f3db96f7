import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { Output, OutputStats } from "./output.ts";
import type { WriterOptions } from "./writer.ts";
import { FdWriter } from "./writer.ts";

/** As WriterOptions; the name is `standard output`. */
export type ConsoleOptions = Omit<WriterOptions, "name" | "onHalfLine">;

const STDOUT = 1;

/**
 * Lines on standard output, or on `fd`.
 *
 * A pipe or terminal is opened a second time, non-blocking, through /proc/self/fd. A blocking write to a reader that stands
 * still (a pager, a stopped jq) would hold a thread that process.exit() waits for: measured, the exit hangs until
 * the reader ends. Setting O_NONBLOCK on the descriptor itself would change it for the shell that shares it. A regular file is
 * used as it is: it does not block, and a second opening would write from its start. A socket (systemd's journal) cannot be opened
 * again and stays blocking: there close() still returns at its deadline, but the process ends only when the reader reads on.
 */
export class ConsoleOutput implements Output {
  readonly #writer: FdWriter;
  readonly #ownFd: number | undefined;
  #closed: Promise<boolean> | undefined = undefined;

  constructor(options: ConsoleOptions = {}, fd: number = STDOUT) {
    this.#ownFd = nonBlockingTwin(fd);
    this.#writer = new FdWriter(this.#ownFd ?? fd, { ...options, name: "standard output" });
  }

  write(line: string): boolean {
    return this.#writer.write(line);
  }

  writePieces(pieces: readonly string[]): boolean {
    return this.#writer.writePieces(pieces);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  stats(): OutputStats {
    return this.#writer.stats();
  }

  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  close(deadlineMs?: number): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs?: number): Promise<boolean> {
    const complete = await this.#writer.close(deadlineMs);
    if (this.#ownFd !== undefined && !this.#writer.inKernel) closeSync(this.#ownFd);
    return complete;
  }
}

/** undefined where there is none: regular files, sockets, a pipe that belongs to another user, no /proc. */
function nonBlockingTwin(fd: number): number | undefined {
  const stat = fstatSync(fd);
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}
