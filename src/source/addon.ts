import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { ExitCode, MayflyError } from "../errors.ts";

/** The only file that knows the addon: what native/kernel.h offers. */
export interface KernelSettings {
  readonly kernelThreads: boolean;
  /** Bytes of arguments to take at most. */
  readonly argsMaxBytes: number;
  /** Names of environment variables to take; one that ends in `*` stands for all with that beginning. */
  readonly environment: readonly string[];
  /** Whether credentials and sessions that change without an exec are told at once. */
  readonly changes: boolean;
  /** Size of the ring: a power of two, a multiple of the page size. */
  readonly ringBytes: number;
  /** Data in the ring that wakes the reader before its timer. */
  readonly wakeupBytes: number;
  /** Milliseconds between two looks into the ring. */
  readonly drainMs: number;
}

/** This process as the kernel names it. */
export interface KernelSelf {
  readonly pid: number;
  readonly startTicks: number;
  /** False where the kernel has no task iterator (before 5.18). */
  readonly canScan: boolean;
  /** A clock record of this moment. */
  readonly clock: ArrayBuffer;
}

export type ChangesWay = "none" | "fentry" | "tracepoint";

export interface KernelStats {
  readonly lost: { readonly fork: number; readonly exec: number; readonly exit: number; readonly change: number };
  /** How changes are told, once started; see native/changes.h. */
  readonly changes: ChangesWay;
  /** Why no better way was taken. */
  readonly changesReason: string;
  /** By name of the probe. */
  readonly missed: Readonly<Record<string, number>>;
  readonly malformed: number;
  readonly failedScans: number;
}

export interface Kernel {
  open(): KernelSelf;
  /** Each batch takes one of 12 places until done() gives it back; without a free one records stay in the ring. */
  start(onBatch: (bytes: ArrayBuffer) => void, onEnd: () => void, scanFirst: boolean): void;
  /** The oldest batch that was handed over is worked off. */
  done(): void;
  scan(): void;
  stats(): KernelStats;
  stop(): void;
  close(): void;
}

interface Addon {
  readonly Kernel: new (settings: KernelSettings) => Kernel;
  readonly lockFile: (fd: number) => boolean;
}

/** Where the build leaves it; MAYFLY_TEST_ADDON names another build, as that with sanitizers. */
const ADDON =
  process.env["MAYFLY_TEST_ADDON"] ?? fileURLToPath(new URL("../../../build/Release/mayfly.node", import.meta.url));

export function createKernel(settings: KernelSettings): Kernel {
  return new (loadAddon().Kernel)(settings);
}

/**
 * Takes the exclusive lock on an open file, without waiting: flock(2). It lasts until the descriptor is closed or the process ends.
 * @returns false when another open file has it
 * @throws MayflyError ADDON_UNUSABLE, or an Error with `errno` (negative, as Node has it) where the file system cannot lock
 */
export function lockFile(fd: number): boolean {
  return loadAddon().lockFile(fd);
}

/** @throws MayflyError ADDON_UNUSABLE */
function loadAddon(): Addon {
  try {
    return createRequire(import.meta.url)(ADDON) as Addon;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new MayflyError(
      "ADDON_UNUSABLE",
      ExitCode.internal,
      `The native addon cannot be loaded (${reason}): run \`npm run build\`.`,
      { cause },
    );
  }
}
