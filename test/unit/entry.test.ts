import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sshSource } from "../../src/process/entry.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import type { Pid, TaskState } from "../../src/record/record.ts";
import * as ecs from "./ecs_lives.ts";
import { clock, exec, finish, fork, NOBODY, ref, state, world } from "./world.fixture.ts";

/** One process of a scene. Whoever is not said to lead a session stays in that of its parent. */
interface Actor {
  readonly pid: number;
  readonly parent: number;
  readonly runs: string;
  readonly leads?: boolean;
  readonly tty?: readonly [number, number];
  readonly env?: readonly string[];
}

const pts = [136, 0] as const;
const INIT: Actor = { pid: 1, parent: 0, runs: "/usr/lib/systemd/systemd", leads: true };

/** Acts a scene out after init and tells the last life of each. */
function act(scene: readonly Actor[]): ReadonlyMap<number, Lifecycle> {
  const w = world();
  const sessions = new Map<number, number>([[1, 1]]);
  const at = (pid: number): number => (pid === 1 ? 10 : 5000 + pid * 10);
  w.tracker.onTask(exec(ref(1, 10), INIT.runs, 4000, { parent: NOBODY }));
  w.tracker.onScanned(clock(4000));
  for (const { pid, parent, runs, leads, tty, env } of scene) {
    const inherited = sessions.get(parent) ?? 1;
    const within = (session: number): TaskState => state({ session: session as Pid, processGroup: session as Pid });
    const own = leads === true ? pid : inherited;
    sessions.set(pid, own);
    const [ttyMajor, ttyMinor] = tty ?? [0, 0];
    w.tracker.onFork(fork(ref(pid, at(pid)), ref(parent, at(parent)), at(pid), { state: within(inherited) }));
    const record = { state: { ...within(own), ttyMajor, ttyMinor }, env };
    w.tracker.onExec(exec(ref(pid, at(pid)), runs, at(pid) + 1, record));
  }
  return new Map(finish(w).map((life) => [life.identity.pid, life]));
}

interface Case {
  readonly name: string;
  readonly scene: readonly Actor[];
  /** By pid: the type and the pid of the entry leader. */
  readonly entries: Readonly<Record<number, readonly [string, number]>>;
}

const cases: readonly Case[] = [
  {
    name: "a service of init, and what it starts, also in sessions of their own",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/sbin/cron", leads: true },
      { pid: 11, parent: 10, runs: "/bin/sh", leads: true },
      { pid: 12, parent: 11, runs: "/bin/job" },
    ],
    entries: { 10: ["init", 10], 11: ["init", 10], 12: ["init", 10] },
  },
  {
    name: "a child of init that leads no session, as busybox starts them",
    scene: [{ pid: 10, parent: 1, runs: "/bin/ash" }],
    entries: { 10: ["init", 1] },
  },
  {
    name: "a login by sshd up to OpenSSH 9.7",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/sbin/sshd", leads: true },
      { pid: 11, parent: 10, runs: "/usr/sbin/sshd", leads: true },
      { pid: 12, parent: 11, runs: "/usr/sbin/sshd" },
      { pid: 13, parent: 12, runs: "/bin/bash", leads: true, tty: pts },
      { pid: 14, parent: 13, runs: "/usr/bin/vi", tty: pts },
      { pid: 15, parent: 14, runs: "/bin/setsid", leads: true },
    ],
    entries: { 11: ["init", 10], 12: ["init", 10], 13: ["sshd", 13], 14: ["sshd", 13], 15: ["sshd", 13] },
  },
  {
    name: "a login by sshd since OpenSSH 9.8",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/sbin/sshd", leads: true },
      { pid: 11, parent: 10, runs: "/usr/lib/openssh/sshd-session", leads: true },
      { pid: 12, parent: 11, runs: "/usr/lib/openssh/sshd-auth" },
      { pid: 13, parent: 11, runs: "/usr/lib/openssh/sshd-session" },
      { pid: 14, parent: 13, runs: "/bin/zsh", leads: true },
    ],
    entries: { 11: ["init", 10], 12: ["init", 10], 13: ["init", 10], 14: ["sshd", 14] },
  },
  {
    name: "sshd started for one connection by init",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/sbin/sshd", leads: true },
      { pid: 11, parent: 10, runs: "/bin/bash", leads: true, tty: pts },
    ],
    entries: { 10: ["init", 10], 11: ["sshd", 11] },
  },
  {
    name: "a login by dropbear, and a command without a terminal, which has no session of its own",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/sbin/dropbear", leads: true },
      { pid: 11, parent: 10, runs: "/usr/sbin/dropbear", leads: true },
      { pid: 12, parent: 11, runs: "/bin/sh", leads: true, tty: pts },
      { pid: 13, parent: 11, runs: "/bin/uptime" },
      { pid: 14, parent: 13, runs: "/bin/cat" },
    ],
    entries: { 11: ["init", 10], 12: ["sshd", 12], 13: ["sshd", 13], 14: ["sshd", 13] },
  },
  {
    name: "a session of the ssm agent, with a terminal; without one it is the agent's",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/bin/ssm-agent-worker", leads: true },
      { pid: 11, parent: 10, runs: "/usr/bin/ssm-session-worker" },
      { pid: 12, parent: 11, runs: "/bin/sh", leads: true, tty: pts },
      { pid: 13, parent: 11, runs: "/bin/sh", leads: true },
    ],
    entries: { 12: ["ssm", 12], 13: ["init", 10] },
  },
  ...["containerd-shim-runc-v2", "runc", "crun", "conmon", "lxc-start", "systemd-nspawn"].map(
    (runtime): Case => ({
      name: `the first process of a container that ${runtime} forked`,
      scene: [
        { pid: 10, parent: 1, runs: `/usr/bin/${runtime}`, leads: true },
        { pid: 11, parent: 10, runs: "/usr/bin/runc", leads: true },
        { pid: 12, parent: 10, runs: "/usr/bin/nginx", leads: true },
        { pid: 13, parent: 12, runs: "/usr/bin/nginx" },
      ],
      entries: { 10: ["init", 10], 11: ["init", 10], 12: ["container", 12], 13: ["container", 12] },
    }),
  ),
  {
    name: "the pause of a pod is no entry",
    scene: [
      { pid: 10, parent: 1, runs: "/usr/bin/containerd-shim", leads: true },
      { pid: 11, parent: 10, runs: "/pause", leads: true },
    ],
    entries: { 11: ["init", 10] },
  },
  {
    name: "a login on a serial line",
    scene: [{ pid: 10, parent: 1, runs: "/sbin/agetty", leads: true, tty: [4, 64] }],
    entries: { 10: ["terminal", 10] },
  },
  {
    name: "a login on a virtual console, with the shell that login starts",
    scene: [
      { pid: 10, parent: 1, runs: "/bin/login", leads: true, tty: [4, 1] },
      { pid: 11, parent: 10, runs: "/bin/bash", leads: true, tty: [4, 1] },
    ],
    entries: { 10: ["console", 10], 11: ["console", 10] },
  },
  {
    name: "a getty that waits on a virtual console is a service of init",
    scene: [{ pid: 10, parent: 1, runs: "/sbin/agetty", leads: true, tty: [4, 1] }],
    entries: { 10: ["init", 10] },
  },
];

describe("an entry is", () => {
  for (const { name, scene, entries } of cases) {
    test(name, () => {
      const lives = act(scene);
      for (const [pid, entry] of Object.entries(entries)) {
        const { leaders } = lives.get(Number(pid)) ?? {};
        assert.deepEqual([leaders?.entryType, leaders?.entry?.pid], entry, `process ${pid}`);
      }
    });
  }

  test("kept by a login that execs another shell, or a container runtime", () => {
    const w = world();
    const [sshd, shell] = [ref(10, 5100), ref(11, 5110)];
    const own = { state: state({ session: 11 as Pid, processGroup: 11 as Pid }) };
    w.tracker.onTask(exec(sshd, "/usr/sbin/sshd", 5200, { parent: NOBODY }));
    w.tracker.onScanned(clock(5200));
    w.tracker.onFork(fork(shell, sshd, 5210));
    for (const [i, runs] of ["/bin/bash", "/usr/bin/runc", "/usr/sbin/sshd"].entries())
      w.tracker.onExec(exec(shell, runs, 5211 + i, own));
    const entries = finish(w).filter(({ identity }) => identity.pid === 11);
    assert.deepEqual(
      entries.map(({ leaders }) => [leaders.entryType, leaders.entry?.pid, leaders.entry?.image?.name]),
      [
        ["sshd", 11, "bash"],
        ["sshd", 11, "runc"],
        ["sshd", 11, "sshd"],
      ],
    );
  });

  test("made by login where a getty waited before, in the same process", () => {
    const w = world();
    const getty = ref(10, 5100);
    const own = { state: state({ session: 10 as Pid, processGroup: 10 as Pid, ttyMajor: 4, ttyMinor: 2 }) };
    w.tracker.onFork(fork(getty, ref(1, 10), 5100));
    w.tracker.onExec(exec(getty, "/sbin/agetty", 5101, own));
    w.tracker.onExec(exec(getty, "/bin/login", 5102, own));
    assert.deepEqual(
      finish(w).map(({ leaders }) => leaders.entryType),
      ["init", "console"],
    );
  });

  test("unknown of a session leader of whom nothing else is known", () => {
    const w = world();
    const own = { state: state({ session: 10 as Pid, processGroup: 10 as Pid }) };
    w.tracker.onTask(exec(ref(10, 5100), "/bin/bash", 5200, { ...own, parent: ref(9, 5000) }));
    w.tracker.onScanned(clock(5200));
    const [life] = finish(w);
    assert.deepEqual([life?.leaders.entryType, life?.leaders.entry?.pid], ["unknown", 10]);
  });
});

describe("the source of an entry by ssh is", () => {
  const ssh = (env: readonly string[]): string | undefined => {
    const scene: readonly Actor[] = [
      { pid: 10, parent: 1, runs: "/usr/sbin/sshd", leads: true },
      { pid: 11, parent: 10, runs: "/bin/bash", leads: true, env },
      { pid: 12, parent: 11, runs: "/bin/ls" },
    ];
    const lives = act(scene);
    assert.equal(lives.get(12)?.leaders.sourceIp, lives.get(11)?.leaders.sourceIp, "the same for all of the entry");
    return lives.get(11)?.leaders.sourceIp;
  };

  for (const [env, expected] of [
    [["SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22"], "192.0.2.7"],
    [["SSH_CLIENT=2001:db8::7 50022 22"], "2001:db8::7"],
    [["SSH_CLIENT=192.0.2.8 1 22", "SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22"], "192.0.2.7"],
    [["SSH_CONNECTION=fe80::1%eth0 50022 fe80::2%eth0 22"], "fe80::1"],
    [["SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535"], undefined],
    [["SSH_CONNECTION="], undefined],
    [["XSSH_CONNECTION=192.0.2.7 1 2 3"], undefined],
    [[], undefined],
  ] as const) {
    test(`${expected ?? "absent"} with ${env.join(" ") || "nothing in the environment"}`, () => {
      assert.equal(ssh(env), expected);
    });
  }

  test("absent where the environment was not captured", () => {
    assert.equal(sshSource(ecs.image({ env: undefined })), undefined);
    assert.equal(sshSource(undefined), undefined);
  });

  test("not asked of what sshd did not start", () => {
    const env = ["SSH_CONNECTION=192.0.2.7 50022 198.51.100.1 22"];
    const lives = act([{ pid: 10, parent: 1, runs: "/usr/sbin/cron", leads: true, env }]);
    assert.equal(lives.get(10)?.leaders.sourceIp, undefined);
  });
});
