import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import type { ChangesWay } from "../source/addon.ts";
import type { Finding } from "./finding.ts";

/** What decides how good each field is on a kernel. */
export interface KernelTraits {
  /** As uname -r gives it. */
  readonly release: string;
  /** Loops of any length in a probe (5.17); some distributions brought it to older kernels. */
  readonly bpfLoop: boolean;
  /** CONFIG_TASK_IO_ACCOUNTING. */
  readonly ioAccounting: boolean;
  /** How changes of ids and sessions are told. */
  readonly changes: ChangesWay;
  /** Whether the configuration asks for them. */
  readonly changesAsked: boolean;
}

/** Of the running kernel, found as the addon finds them (native/probes.cc). */
export function readKernelTraits(): Pick<KernelTraits, "release" | "bpfLoop" | "ioAccounting"> {
  // Names stand in BTF as they are, each closed by NUL.
  const bpfLoop = readFileSync("/sys/kernel/btf/vmlinux").includes("BPF_FUNC_loop\0");
  return { release: release(), bpfLoop, ioAccounting: existsSync("/proc/self/io") };
}

/**
 * Which fields this kernel lets mayfly tell exactly, which it tells in another way, and which nobody can know. Only what
 * applies: one line each.
 */
export function lookAtFields(traits: KernelTraits): Finding[] {
  const { bpfLoop, ioAccounting } = traits;
  return [
    exact("most fields", "pids, start, end, arguments, ids, capabilities, exit status: what the kernel knew just then"),
    bpfLoop
      ? exact("paths", "whole, up to PATH_MAX")
      : otherWay(
          "paths",
          "whole up to 64 folders; of longer ones the last 64, flagged executable_truncated, cwd_truncated",
        ),
    ...ends(traits),
    otherWay(
      "CPU times",
      "their sum is exact, shared out by clock ticks as getrusage(2) does; absent where none was counted yet",
    ),
    ...(ioAccounting
      ? []
      : [unknown("I/O", "read_bytes and write_bytes stay 0: built without CONFIG_TASK_IO_ACCOUNTING")]),
    changedIds(traits),
    unknown(
      "found processes",
      "what ran before mayfly is told as it is now: arguments and folder may have changed since its exec",
    ),
    ...starts(traits),
  ];
}

function changedIds({ changes, changesAsked }: KernelTraits): Finding {
  const name = "changed ids";
  if (changes === "none")
    return unknown(name, "a setuid(2) without exec shows at the next exec or at the end, not when it happens");
  if (changes === "fentry")
    return exact(
      name,
      `when they change, by fentry${changesAsked ? "" : "; off: set processes.changes or the profile transitions"}`,
    );
  return changesAsked
    ? exact(name, "when they change, at the exits of system calls: all of those are slower, by 8 to 10 %")
    : unknown(
        name,
        "a setuid(2) shows at the next exec or at the end; processes.changes tells it at once, and slows system calls",
      );
}

function ends(traits: KernelTraits): Finding[] {
  // "exit: move and extend sched_process_exit() tracepoint": it tells group_dead, and comes before exit_mm().
  if (isBefore(traits, 6, 16))
    return [
      otherWay("last thread", "by counting threads: two that die together may both tell the end, one is dropped"),
    ];
  return [
    otherWay("max_rss_bytes", "from 6.16 on read before the memory is given back: wait4(2) may say a little more"),
  ];
}

function starts(traits: KernelTraits): Finding[] {
  const findings: Finding[] = [];
  // "fork: Explicitly set PF_KTHREAD": before, a helper is a kernel thread until it runs its program.
  if (isBefore(traits, 5, 19))
    findings.push(
      unknown(
        "kernel helpers",
        "of modprobe and the like the fork is not seen: told from the exec on, flagged fork_unseen",
      ),
    );
  if (!isBefore(traits, 7, 0))
    findings.push(
      otherWay(
        "skipped hooks",
        "from 7.0 on a hook may be skipped: a second one tells instead; what both miss is counted",
      ),
    );
  return findings;
}

function isBefore({ release }: KernelTraits, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function exact(name: string, text: string): Finding {
  return { name, state: "good", text: `exact: ${text}` };
}

function otherWay(name: string, text: string): Finding {
  return { name, state: "warn", text: `another way: ${text}` };
}

function unknown(name: string, text: string): Finding {
  return { name, state: "warn", text: `not known: ${text}` };
}
