import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { NameAnswer, NameScope } from "../../src/enrich/names/answer.ts";
import { Names } from "../../src/enrich/names/names.ts";
import type { RootReader } from "../../src/enrich/names/root_request.ts";
import { type NamesSettings, namesDefaults } from "../../src/enrich/names/settings.ts";
import type { Pid } from "../../src/record/record.ts";
import { until } from "../harness/deadline.ts";

export const HOST = { mntNs: 1001, userNs: 1002 };
export const onHost: NameScope = { ...HOST, pid: process.pid as Pid };

type Changes = Partial<Omit<NamesSettings, "getent" | "roots">> & {
  readonly getent?: Partial<NamesSettings["getent"]>;
  readonly roots?: Partial<NamesSettings["roots"]>;
};

/** Names over files of the test's own, and a clock that stands still until it is moved. */
export class World {
  readonly folder: string;
  readonly names: Names;
  now = 0;
  answers = 0;

  /** @param getent a shell script that gets the database and the ids; without one NSS is not asked */
  constructor(
    t: TestContext,
    changes: Changes = {},
    { reader, getent }: { reader?: RootReader; getent?: string } = {},
  ) {
    this.folder = mkdtempSync(join(tmpdir(), "mayfly-names-"));
    const settings: NamesSettings = {
      ...namesDefaults,
      host: HOST,
      passwd: join(this.folder, "passwd"),
      group: join(this.folder, "group"),
      checkMs: 20,
      now: () => this.now,
      onAnswer: () => void this.answers++,
      ...changes,
      getent: {
        ...namesDefaults.getent,
        command: getent && join(this.folder, "getent"),
        spacingMs: 1,
        ...changes.getent,
      },
      roots: { ...namesDefaults.roots, ...changes.roots },
    };
    if (getent !== undefined) this.#writeGetent(getent);
    this.names = new Names(settings, reader);
    t.after(() => {
      this.names.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Puts a file in place as useradd(8) does: written beside, then renamed. Returns its path. */
  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, text);
    chmodSync(`${path}.new`, mode);
    renameSync(`${path}.new`, path);
    return path;
  }

  /** What getent was called with, its pid in front. */
  get calls(): readonly string[] {
    const path = join(this.folder, "calls");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  #writeGetent(script: string): void {
    this.write("getent", `#!/bin/sh\necho "$$ $*" >> '${this.folder}/calls'\n${script}\n`, 0o755);
  }

  /** What is answered, once something is. */
  async user(id: number, scope: NameScope = onHost): Promise<string | null> {
    return settled(() => this.names.user(id, scope), `user ${id}`);
  }

  async group(id: number, scope: NameScope = onHost): Promise<string | null> {
    return settled(() => this.names.group(id, scope), `group ${id}`);
  }
}

/** Asks until there is an answer. */
export async function settled(ask: () => NameAnswer, what: string): Promise<string | null> {
  let answer: NameAnswer;
  await until(() => (answer = ask()) !== undefined, 10_000, `an answer for ${what}`);
  return answer ?? null;
}

/** The inode of a namespace of a process. */
export function namespaceOf(pid: number | "self", kind: "mnt" | "user"): number {
  return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[1]);
}
