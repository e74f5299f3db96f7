import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import type { Document } from "../harness/document.ts";
import { live } from "../harness/live.ts";
import { WORDS } from "../harness/words.ts";

/* What anyone can type, with the settings that everyone has: the default hold of 1 s. */

const SHELL = basename(realpathSync("/bin/sh"));

interface Expected {
  readonly transitions: string;
  readonly name: string;
  readonly exitCode?: number;
  readonly signal?: string;
}

const CASES: readonly { readonly script: string; readonly documents: readonly Expected[] }[] = [
  { script: "exit 3", documents: [{ transitions: "fork+exec+end", name: SHELL, exitCode: 3 }] },
  { script: "exit 137", documents: [{ transitions: "fork+exec+end", name: SHELL, exitCode: 137 }] },
  {
    script: "kill -KILL $$",
    documents: [{ transitions: "fork+exec+end", name: SHELL, exitCode: 137, signal: "SIGKILL" }],
  },
  {
    script: "kill -SEGV $$",
    documents: [{ transitions: "fork+exec+end", name: SHELL, exitCode: 139, signal: "SIGSEGV" }],
  },
  {
    script: "exec true",
    documents: [
      { transitions: "fork+exec", name: SHELL },
      { transitions: "exec+end", name: "true", exitCode: 0 },
    ],
  },
  {
    script: "exec sleep 3",
    documents: [
      { transitions: "fork+exec", name: SHELL },
      { transitions: "exec", name: "sleep" },
      { transitions: "end", name: "sleep", exitCode: 0 },
    ],
  },
  {
    script: "sleep 3; exit 5",
    documents: [
      { transitions: "fork+exec", name: SHELL },
      { transitions: "end", name: SHELL, exitCode: 5 },
    ],
  },
];

/** A subshell: a fork that never execs. Its documents are found by their parent. */
const SUBSHELL = "(exit 4); exit 0";

describe("commands of a shell", live, () => {
  const profiles = ["lifecycle", "elastic"] as const;
  const collectors: Collector[] = [];
  const mark = (script: string): string => `mayfly-shell-${process.pid}-${script}`;

  before(async () => {
    for (const profile of profiles) collectors.push(await Collector.start({ profile }));
    const scripts = [...CASES.map(({ script }) => script), SUBSHELL];
    await Promise.all(scripts.map((script) => command("/bin/sh", ["-c", script, mark(script)])));
    for (const collector of collectors) await collector.stop();
  });
  after(() => Promise.all(collectors.map((collector) => collector.kill())));

  profiles.forEach((profile, place) => {
    for (const { script, documents: expected } of CASES) {
      test(`sh -c '${script}' comes as ${expected.map((one) => one.transitions).join(", ")} in ${profile}`, () => {
        const collector = collectors[place];
        const first = collector?.documents.find((document) => document.process?.args?.includes(mark(script)));
        const all = collector?.of(first?.process?.entity_id ?? "") ?? [];
        assert.deepEqual(all.map(summary), expected.map(fill));
        for (const document of all) checkWords(document, profile);
      });
    }

    test(`a subshell comes as a fork with its parent's image in ${profile}`, () => {
      const collector = collectors[place];
      const family = collector?.documents.filter((document) => document.process?.args?.includes(mark(SUBSHELL))) ?? [];
      assert.deepEqual(
        family.map((document) => summary(document)),
        [
          fill({ transitions: "fork+end", name: SHELL, exitCode: 4 }),
          fill({ transitions: "fork+exec+end", name: SHELL, exitCode: 0 }),
        ],
      );
      const [child, parent] = family;
      assert.equal(child?.process?.parent?.entity_id, parent?.process?.entity_id);
      assert.equal(child?.process?.working_directory, undefined, "a bare fork has no working directory of its own");
      for (const document of family) checkWords(document, profile);
    });
  });
});

function summary({ process, mayfly }: Document): unknown {
  return fill({
    transitions: mayfly?.transitions ?? "",
    name: process?.name ?? "",
    ...(process?.exit_code === undefined ? {} : { exitCode: process.exit_code }),
    ...(mayfly?.exit?.signal === undefined ? {} : { signal: mayfly.exit.signal }),
  });
}

function fill({ transitions, name, exitCode, signal }: Expected): unknown {
  return { transitions, name, exitCode: exitCode ?? "no end", signal: signal ?? "none" };
}

function checkWords({ event, mayfly }: Document, profile: "lifecycle" | "elastic"): void {
  const words = WORDS[profile][mayfly?.transitions ?? ""];
  assert.deepEqual({ type: event?.type, action: event?.action }, words);
}
