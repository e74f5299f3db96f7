import { existsSync } from "node:fs";
import { ExitCode, MayflyError } from "../errors.ts";
import { decodeClock } from "../record/decode.ts";
import { layout } from "../record/layout.ts";
import type { ClockRecord } from "../record/record.ts";
import { type ChangesWay, createKernel, type Kernel, type KernelSettings } from "./addon.ts";
import { readOwnStart, scanProc } from "./procfs.ts";
import type { OnBatch, Source, SourceLosses } from "./source.ts";

export interface KernelSourceSettings {
  readonly kernelThreads: boolean;
  /** Bytes of arguments to take at most, 256 to 524,288. */
  readonly argsMaxBytes: number;
  /** Names of environment variables to take, as processes.env_vars has them. Default none. */
  readonly environment?: readonly string[];
  /** Whether credentials and sessions that change without an exec are told at once. Default false. */
  readonly changes?: boolean;
  /** Whether to begin with a scan of the processes that live already. */
  readonly scan: boolean;
  /** Another ring than the usual one. */
  readonly ring?: RingSettings;
}

export type RingSettings = Pick<KernelSettings, "ringBytes" | "wakeupBytes" | "drainMs">;

/**
 * 8 MiB hold 0.4 s of 12,000 lifecycles/s; behind it the addon holds 24 MiB of finished records while JavaScript is busy.
 * The reader looks every 100 ms: half of the wake-ups and of the batches of every 50 ms.
 */
const RING: RingSettings = {
  ringBytes: 8 * 1024 * 1024,
  wakeupBytes: 1024 * 1024,
  drainMs: 100,
};

/** The running kernel, through the addon. */
export class KernelSource implements Source {
  readonly layout = layout;
  readonly #kernel: Kernel;
  readonly #settings: KernelSourceSettings;
  #canScan = false;
  /** Processes that scans of /proc left out. */
  #malformed = 0;
  #onBatch: OnBatch | undefined = undefined;
  /** What losses() said at the end, when the kernel's counters are given back. */
  #final: SourceLosses | undefined = undefined;

  constructor(settings: KernelSourceSettings) {
    this.#settings = settings;
    const { kernelThreads, argsMaxBytes, environment = [], changes = false, ring = RING } = settings;
    this.#kernel = createKernel({ ...ring, kernelThreads, argsMaxBytes, environment, changes });
  }

  /**
   * Loads the probes; attaches nothing yet. Returns both clocks as they are.
   * @throws MayflyError NO_PERMISSION, NO_BTF, VERIFIER_REJECTED, LOAD_FAILED, FOREIGN_NAMESPACE, ...
   */
  open(): ClockRecord {
    const self = coded(() => this.#kernel.open());
    const own = readOwnStart();
    if (self.pid !== process.pid || self.startTicks !== own)
      throw new MayflyError(
        "FOREIGN_NAMESPACE",
        ExitCode.permission,
        `The kernel knows this process as pid ${self.pid} started at tick ${self.startTicks}, /proc as pid ${process.pid} at ` +
          `tick ${own}: mayfly runs in a pid or time namespace of its own. Run it in the host's (docker: --pid=host, with the ` +
          `host's /proc mounted; Kubernetes: hostPID: true).`,
      );
    this.#canScan = self.canScan;
    return decodeClock(self.clock, layout);
  }

  /** Whether scans are made by the task iterator, not by reading /proc. Known after open(). */
  get canScan(): boolean {
    return this.#canScan;
  }

  /** How changes are told, and why not better. Known after start(). */
  get changes(): { readonly way: ChangesWay; readonly reason: string } {
    const { changes, changesReason } = this.#kernel.stats();
    return { way: changes, reason: changesReason };
  }

  start(onBatch: OnBatch): Promise<void> {
    this.#onBatch = onBatch;
    const { promise, resolve } = deferred();
    const scanFirst = this.#settings.scan;
    let last = Promise.resolve();
    const take = (bytes: ArrayBuffer): void => {
      last = onBatch(bytes).then(() => this.#kernel.done());
    };
    coded(() => this.#kernel.start(take, resolve, scanFirst && this.#canScan));
    // The probes are attached by now, so whoever starts after this look is told by an event.
    if (scanFirst && !this.#canScan) last = onBatch(this.#scanProc());
    return promise
      .then(() => last)
      .finally(() => {
        this.#final = this.losses();
        this.#kernel.close();
      });
  }

  rescan(): void {
    if (this.#canScan) this.#kernel.scan();
    else void this.#onBatch?.(this.#scanProc());
  }

  #scanProc(): ArrayBuffer {
    const { batch, malformed } = scanProc(this.#settings);
    this.#malformed += malformed;
    return batch;
  }

  stop(): void {
    this.#kernel.stop();
  }

  /** Gives the probes back without starting. */
  close(): void {
    this.#kernel.close();
  }

  losses(): SourceLosses {
    if (this.#final !== undefined) return this.#final;
    const { lost, missed, malformed, failedScans } = this.#kernel.stats();
    const missedRuns = Object.values(missed).reduce((sum, count) => sum + count, 0);
    return { ...lost, missed: missedRuns, malformed: malformed + this.#malformed, failedScans };
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The addon's coded errors as the project's own. */
function coded<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") throw cause;
    if (!existsSync("/sys/kernel/btf/vmlinux"))
      throw new MayflyError(
        "NO_BTF",
        ExitCode.permission,
        "This kernel has no type information (/sys/kernel/btf/vmlinux is missing): use a kernel 5.10 or newer built with " +
          "CONFIG_DEBUG_INFO_BTF=y, and mount /sys where mayfly runs.",
        { cause },
      );
    const exit = cause.code === "NO_PERMISSION" || cause.code === "NO_BTF" ? ExitCode.permission : ExitCode.internal;
    throw new MayflyError(cause.code, exit, cause.message, { cause });
  }
}
