import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { live } from "../live.ts";
import { readTrace, type TracedProcess } from "./trace.ts";

const SYSCALLS = "execve,execveat,exit_group,wait4,clone,clone3,fork,vfork";
/** A file for each thread (-ff), times (-ttt), nothing cut (-v, -s), every byte of a string in hexadecimal (-xx). */
const OPTIONS = ["-ff", "-ttt", "-v", "-xx", "-s", "100000", "-e", `trace=${SYSCALLS}`];

/** For `test` of what needs strace as well as the real kernel: skips with a reason, fails with MAYFLY_REQUIRE_LIVE=1. */
export const liveWithStrace: { readonly skip: string | false } = { skip: live.skip || (missing() ?? false) };

function missing(): string | undefined {
  const { status, error, stderr } = spawnSync("strace", ["-o", "/dev/null", "true"], { encoding: "utf8" });
  if (status === 0) return undefined;
  const reason =
    error === undefined
      ? `strace cannot follow a process here: ${stderr.trim()}`
      : "needs strace: apt-get install strace (with CI=true set-up brings it)";
  if (process.env["MAYFLY_REQUIRE_LIVE"] === "1") throw new Error(`MAYFLY_REQUIRE_LIVE=1, but ${reason}`);
  return reason;
}

/** Runs a command, with all it starts, under strace: what strace saw of each process, by pid. */
export async function follow(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<ReadonlyMap<number, TracedProcess>> {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-strace-"));
  try {
    // Its exit status is that of the command, which may well be a signal.
    const ended = await command("strace", [...OPTIONS, "-o", join(folder, "trace"), "--", ...argv], {
      spawn: { ...options, stdio: ["ignore", "ignore", "pipe"] },
      withinMs: 60_000,
    });
    if (/^strace: /m.test(ended.stderr)) throw new Error(ended.stderr);
    const texts = readdirSync(folder).map(
      (file) => [Number(file.split(".")[1]), readFileSync(join(folder, file), "latin1")] as const,
    );
    return readTrace(new Map(texts));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
