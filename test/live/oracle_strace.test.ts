import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { assertNone } from "../harness/differences.ts";
import type { Document } from "../harness/document.ts";
import { follow, liveWithStrace } from "../harness/oracle/strace.ts";
import type { TracedProcess } from "../harness/oracle/trace.ts";
import { traceDifferences, unseenByStrace } from "../harness/oracle/trace_differences.ts";

/*
 * Single programs, each followed by strace: for each of their processes the documents have to tell the arguments of every
 * exec, the parent, the exit status and, where a parent asked wait4(2) for it, the usage that strace saw. A followed process has
 * another timing (it stops at each of these system calls), but the same parents, arguments and status.
 */

interface Followed {
  readonly name: string;
  readonly argv: readonly string[];
  /** At least so many processes. */
  readonly processes: number;
  /** Of so many a parent asks for the usage. */
  readonly usages?: number;
}

const PYTHON = `
import os, subprocess, sys
for code in (0, 7):
    pid = os.fork()
    if pid == 0:
        sum(i * i for i in range(200000))
        os._exit(code)
    os.wait4(pid, 0)
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -15 $$"], {})
os.wait4(pid, 0)
subprocess.run(["/bin/sh", "-c", "exit 9"])
`;
const PERL = `system("/bin/sh", "-c", "exit 4"); if (!fork) { exec "/bin/sh", "-c", "kill -9 \\$\\$" } wait; exit 2`;
const MAKEFILE = "all: one two\n\techo all\none:\n\tsleep 0.05; true\ntwo:\n\tprintf '%s\\n' two | cat\n";

function sh(script: string, processes: number): Followed {
  return { name: `sh -c '${script}'`, argv: ["/bin/sh", "-c", script], processes };
}

function truth(program: string, usages: number, ...args: string[]): Followed {
  return { name: [program, ...args].join(" "), argv: [programPath(program), ...args], processes: 1 + usages, usages };
}

const PROGRAMS: readonly Followed[] = [
  sh("echo a b | cat | tr a c | wc -c", 5),
  sh("for i in 1 2 3; do (exit $i) | cat; done; exit 6", 7),
  sh("exec sh -c 'exec env -i A=b true'", 1),
  sh("ulimit -c 0; kill -SEGV $$", 1),
  sh("sleep 10 & kill -KILL $!; wait $!; sleep 10 & kill -TERM $!; wait $!; exit 3", 3),
  sh("timeout 0.1 sleep 10; exit $?", 3),
  sh("seq 9 | xargs -n 3 echo", 6),
  sh(`/bin/echo '' 'two words' '"' "$(printf '\\303\\050\\n\\t\\001')" ''`, 3),
  sh("/nowhere/x; cat /nowhere/y; exec ./script one 'two 2'", 2),
  { name: "make -j2", argv: ["make", "-j2"], processes: 5 },
  { name: "perl", argv: ["perl", "-e", PERL], processes: 3 },
  { name: "python3", argv: [pythonPath(), "-c", PYTHON], processes: 5, usages: 3 },
  truth("fork_exec_exit", 1),
  truth("vfork_exec", 1),
  truth("posix_spawn", 1),
  truth("exec_chain", 0),
  truth("kill_self", 1, "9"),
  truth("exit_group_threads", 1),
  truth("leader_exits_first", 1),
  truth("thread_exec", 1),
  truth("clone_parent", 2),
  truth("memfd_exec", 1),
  truth("big_args", 1),
];

/** Version managers put scripts in the place of python3; what they run is one process less to wait for. */
function pythonPath(): string {
  const { status, stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "python3";
}

function isThere(file: string): boolean {
  return spawnSync(file, ["--version"], { stdio: "ignore" }).error === undefined;
}

function skipReason({ argv: [file = ""] }: Followed): string | false {
  return isThere(file) || file.startsWith("/") ? false : `${file} is not installed`;
}

describe("what strace saw of", liveWithStrace, () => {
  const seen = new Map<string, ReadonlyMap<number, TracedProcess>>();
  const byPid = new Map<number, Document[]>();

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "mayfly-followed-"));
    const collector = await Collector.start();
    try {
      writeFileSync(join(folder, "script"), "#!/bin/sh -f\necho $*\nexit 5\n", { mode: 0o755 });
      writeFileSync(join(folder, "Makefile"), MAKEFILE);
      const options = { cwd: folder, env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" } };
      for (const one of PROGRAMS) if (skipReason(one) === false) seen.set(one.name, await follow(one.argv, options));
      for (const document of await collector.stop()) {
        const pid = document.process?.pid;
        if (pid !== undefined) byPid.set(pid, [...(byPid.get(pid) ?? []), document]);
      }
    } finally {
      await collector.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const followed of PROGRAMS) {
    test(`${followed.name} is what its documents tell`, { skip: skipReason(followed) }, () => {
      const traced = seen.get(followed.name);
      assert.ok(traced !== undefined);
      assert.ok(traced.size >= followed.processes, `${traced.size} processes followed`);
      const usages = [...traced.values()].filter(
        ({ waited, hadChildren }) => waited?.usage !== undefined && !hadChildren,
      );
      assert.ok(usages.length >= (followed.usages ?? 0), `usage of ${usages.length} processes asked for`);
      const differing = [...traced.values()].flatMap((one) => traceDifferences(one, byPid));
      assertNone([...differing, ...unseenByStrace(traced, byPid)]);
    });
  }

  test("each process differs, with its pid, when a document of it is dropped or changed", () => {
    for (const traced of seen.values()) {
      for (const one of traced.values()) {
        const documents = byPid.get(one.pid) ?? [];
        for (const [place, document] of documents.entries()) {
          for (const [change, instead] of mutations(document, one)) {
            const changed = new Map([
              [one.pid, [...documents.slice(0, place), ...instead, ...documents.slice(place + 1)]],
            ]);
            const found = traceDifferences(one, changed);
            assert.ok(found.length > 0, `${change} of pid ${one.pid} makes no difference`);
            for (const line of found) assert.match(line, new RegExp(`^pid ${one.pid}: `));
          }
        }
      }
    }
  });
});

/** What may befall a document, by name. */
function mutations(document: Document, traced: TracedProcess): [string, Document[]][] {
  const { process, mayfly } = document;
  const transitions = mayfly?.transitions?.split("+") ?? [];
  const changes: [string, Document[]][] = [
    ["no document", []],
    ["the document twice", [document, document]],
  ];
  if (transitions.includes("exec")) {
    const args = [...(process?.args ?? []), "one more"];
    changes.push(["one argument more", [{ ...document, process: { ...process, args } }]]);
  }
  if (transitions.includes("end")) {
    const exit_code = (process?.exit_code ?? 0) + 1;
    changes.push(["another exit code", [{ ...document, process: { ...process, exit_code } }]]);
    if (traced.waited?.usage !== undefined && !traced.hadChildren) {
      const rusage = { ...mayfly?.rusage, system_ns: (mayfly?.rusage?.system_ns ?? 0) + 50_000_000 };
      changes.push(["50 ms more", [{ ...document, mayfly: { ...mayfly, rusage } }]]);
    }
  }
  return changes;
}
