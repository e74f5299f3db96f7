import type { WriterOptions } from "../../ecs/document.ts";
import type { Credentials, Identity, Image, Leader, LeaderName, Parent, Session } from "../../src/process/facts.ts";
import { type Exit, type Lifecycle, Transition } from "../../src/process/lifecycle.ts";

/*
 * The document of a life as an object, made the plain way: the truth that the writer's fast text is compared with.
 * It shares nothing with ecs/ on purpose. Spans of nanoseconds are bigints. event.id and event.sequence are left to the
 * tests of their own.
 */

const { fork, exec, end, found, uidChange, gidChange, sessionChange } = Transition;

const words: Readonly<Record<number, readonly [string, string[], string, string[], string | string[]]>> = {
  [fork]: ["fork", ["start"], "process_started", ["start"], "fork"],
  [fork | exec]: ["fork+exec", ["start", "change"], "process_started", ["start"], ["fork", "exec"]],
  [fork | exec | end]: [
    "fork+exec+end",
    ["start", "change", "end"],
    "process_ran",
    ["start", "end"],
    ["fork", "exec", "end"],
  ],
  [fork | end]: ["fork+end", ["start", "end"], "process_ran", ["start", "end"], ["fork", "end"]],
  [found]: ["found", ["info"], "existing_process", ["info"], "already_running"],
  [exec]: ["exec", ["change"], "process_changed_image", ["start"], "exec"],
  [exec | end]: ["exec+end", ["change", "end"], "process_stopped", ["start", "end"], ["exec", "end"]],
  [end]: ["end", ["end"], "process_stopped", ["end"], "end"],
  // In profile `transitions` only, whose other words are those of `elastic`.
  [uidChange]: ["uid_change", [], "", ["change"], "uid_change"],
  [gidChange]: ["gid_change", [], "", ["change"], "gid_change"],
  [sessionChange]: ["session_id_change", [], "", ["change"], "session_id_change"],
};

export function document(life: Lifecycle, options: WriterOptions): unknown {
  const [transitions, type, action, elasticType, elasticAction] = words[life.transitions] ?? [];
  const elastic = options.profile !== "lifecycle";
  const { host, agent } = options;
  return present({
    "@timestamp": life.time.iso(),
    event: {
      kind: "event",
      category: ["process"],
      type: elastic ? elasticType : type,
      action: elastic ? elasticAction : action,
      module: "mayfly",
      dataset: "mayfly.process",
      created: options.now().iso(),
      ...(life.exit?.status !== undefined && {
        start: life.identity.start.iso(),
        end: life.exit.time.iso(),
        duration: span(life.exit.durationSeconds, life.exit.durationNanos),
      }),
    },
    process: {
      ...nameFields(life.identity),
      env_vars: life.image?.env?.length ? life.image.env : undefined,
      ...imageFields(life.image, life.ownImage),
      title: life.comm === cutName(life.image?.name) ? undefined : life.comm,
      hash: life.image?.findings?.hash?.hashes,
      end: life.exit?.status === undefined ? undefined : life.exit.time.iso(),
      exit_code: exitCode(life.exit),
      ...terminalFields(life.session),
      ...credentialFields(life.credentials),
      parent: parentFields(life.origin.parent),
      Ext: extension(life),
      entry_leader: life.leaders.entry && {
        ...leaderFields(life.leaders.entry, life.identity),
        parent: life.leaders.entry.parent && {
          ...nameFields(life.leaders.entry.parent.identity),
          session_leader: leaderName(life.leaders.entry.parent.sessionLeader),
        },
        entry_meta: {
          type: life.leaders.entryType,
          source: life.leaders.sourceIp ? { ip: life.leaders.sourceIp } : undefined,
        },
      },
      group_leader: life.leaders.group && leaderFields(life.leaders.group, life.identity),
      session_leader: life.leaders.session && leaderFields(life.leaders.session, life.identity),
      previous: previousFields(life.replaced),
    },
    ...documentIds(life.credentials),
    related: related(life),
    mayfly: {
      transitions,
      exit: killed(life.exit),
      rusage: rusage(life.exit),
      script: life.image?.scriptPath && {
        path: life.image.scriptPath,
        hash: life.image.findings?.scriptHash?.hashes,
      },
      executable: executableNotes(life.image),
      args: life.image && life.image.quality & 1 ? { length: life.image.argsLength } : undefined,
      parent: cutNote(life.origin.parent),
      previous: cutNote({ image: life.replaced }),
      entry_leader: cutNote(life.leaders.entry),
      group_leader: cutNote(life.leaders.group),
      session_leader: cutNote(life.leaders.session),
      quality: qualities(life.quality | (redactedAround(life) ? 1 << 12 : 0) | unhashed(life.image)),
    },
    host: {
      id: host.id,
      name: host.name,
      hostname: host.hostname,
      architecture: host.architecture,
      boot: { id: host.bootId },
      ip: host.ip,
      mac: host.mac,
      os: { ...host.os, Ext: { variant: host.os.name } },
    },
    agent: {
      id: agent.id,
      type: "mayfly",
      name: agent.name,
      version: agent.version,
      ephemeral_id: agent.ephemeralId,
    },
    ecs: { version: "9.4.0" },
    data_stream: { type: "logs", dataset: "mayfly.process", namespace: "default" },
  });
}

function imageFields(image: Image | undefined, ownDirectory: boolean): Record<string, unknown> {
  if (image === undefined) return {};
  const hasArgs = image.args !== undefined && image.args.length > 0;
  return {
    name: image.name,
    executable: image.executable,
    args: hasArgs ? image.args : undefined,
    args_count: image.argsCount,
    command_line: hasArgs ? image.commandLine : undefined,
    working_directory: ownDirectory ? image.workingDirectory : undefined,
  };
}

function extension({ origin: { ancestry }, image }: Lifecycle): unknown {
  const cutLine = ((image?.quality ?? 0) & 1) !== 0;
  if (ancestry.length === 0 && !cutLine) return undefined;
  return { ancestry: ancestry.length > 0 ? ancestry : undefined, command_line_truncated: cutLine || undefined };
}

function cutName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : Buffer.from(name).subarray(0, 15).toString();
}

function parentFields(parent: Parent | undefined): unknown {
  return (
    parent && {
      ...relativeFields(parent),
      group_leader: leaderName(parent.groupLeader),
      Ext: cutNote(parent) && { command_line_truncated: true },
    }
  );
}

/** What documents tell of a parent and of a leader alike. */
function relativeFields(of: Parent | (Leader & { identity: Identity })): Record<string, unknown> {
  const image = of.image;
  const args = image?.args && cut(image.args, 4096);
  return {
    ...nameFields(of.identity),
    ...(image && imageFields({ ...image, args, commandLine: args?.join(" ") }, of.ownImage)),
    ...(of.session && terminalFields(of.session)),
    ...(of.credentials && { ...credentialFields(of.credentials), thread: undefined }),
  };
}

function leaderFields(leader: Leader, of: Identity): Record<string, unknown> {
  const { identity } = leader;
  const facts = relativeFields({ ...leader, identity: identity ?? { ...of, ...nobody, pid: leader.pid } });
  return { ...facts, same_as_process: identity?.pid === of.pid && identity.startTicks === of.startTicks };
}

/** Of whom only the pid is known. */
const nobody = { entityId: "", start: { iso: () => "" } as Identity["start"], vpid: undefined };

function nameFields({ pid, entityId, start, vpid }: Identity): Record<string, unknown> {
  return { pid, entity_id: entityId, start: start.iso(), vpid };
}

function leaderName(name: LeaderName | undefined): unknown {
  return name?.identity === undefined ? name && { pid: name.pid } : nameFields(name.identity);
}

function terminalFields(session: Session): Record<string, unknown> {
  const { ttyMajor: major, ttyMinor: minor } = session;
  return {
    interactive: hasTerminal(session),
    tty: hasTerminal(session) ? { char_device: { major, minor } } : undefined,
  };
}

function previousFields(image: Image | undefined): unknown {
  const args = image?.args?.length ? cut(image.args, 4096) : undefined;
  const fields = { args, args_count: image?.argsCount, executable: image?.executable };
  return Object.values(fields).some((value) => value !== undefined && value !== "") ? fields : undefined;
}

function redactedAround({ origin, replaced, leaders: { entry, group, session } }: Lifecycle): boolean {
  const images = [origin.parent?.image, replaced, entry?.image, group?.image, session?.image];
  return images.some((image) => ((image?.quality ?? 0) & (1 << 12)) !== 0);
}

/** Whole characters, bytes of UTF-8 counted one by one. */
function cut(args: readonly string[], limit: number): string[] {
  const kept: string[] = [];
  let used = 0;
  for (const arg of args) {
    if (used >= limit) break;
    let text = "";
    let whole = true;
    for (const character of arg) {
      if (used + Buffer.byteLength(character) > limit) {
        whole = false;
        break;
      }
      used += Buffer.byteLength(character);
      text += character;
    }
    kept.push(text);
    if (!whole) break;
    used += 1;
  }
  return kept;
}

function cutNote(of: { readonly image: Image | undefined } | undefined): unknown {
  const image = of?.image;
  const isCut = image !== undefined && ((image.quality & 1) !== 0 || Buffer.byteLength(image.commandLine ?? "") > 4096);
  return isCut ? { args_truncated: true } : undefined;
}

function executableNotes(image: Image | undefined): unknown {
  const notes = {
    deleted: image?.deleted || undefined,
    memfd: image?.memfd || undefined,
    package: image?.findings?.package,
  };
  return Object.values(notes).some((note) => note !== undefined) ? notes : undefined;
}

/** Bits of the reasons why a hash is not there. */
function unhashed(image: Image | undefined): number {
  const findings = image?.findings;
  const bits = { changed: 1 << 9, too_large: 1 << 13, unreadable: 1 << 14, not_regular: 1 << 14 } as Record<
    string,
    number
  >;
  let quality = findings?.hashPending === true ? 1 << 8 : 0;
  for (const hash of [findings?.hash, findings?.scriptHash]) {
    if (hash?.reason !== undefined) quality |= bits[hash.reason] ?? 1 << 8;
  }
  return quality;
}

function related({ image, credentials: { names } }: Lifecycle): unknown {
  const both = [image?.findings?.hash, image?.findings?.scriptHash];
  const hash = both.flatMap((one) => Object.values(one?.hashes ?? {}));
  const user = [...new Set([names?.user, names?.realUser, names?.savedUser])].filter((name) => name !== undefined);
  if (hash.length + user.length === 0) return undefined;
  return { hash: hash.length > 0 ? hash : undefined, user: user.length > 0 ? user : undefined };
}

function documentIds({ uid, gid, euid, egid, names }: Credentials): Record<string, unknown> {
  const effective = { id: String(euid), name: names?.user };
  return {
    user: { ...effective, effective, Ext: { real: { id: String(uid), name: names?.realUser } } },
    group: { id: String(egid), name: names?.group, Ext: { real: { id: String(gid), name: names?.realGroup } } },
  };
}

function credentialFields(of: Credentials): Record<string, unknown> {
  const effective = capabilities(of.capEffectiveLow, of.capEffectiveHigh);
  const permitted = capabilities(of.capPermittedLow, of.capPermittedHigh);
  return {
    user: { id: String(of.euid), name: of.names?.user },
    group: { id: String(of.egid), name: of.names?.group },
    real_user: { id: String(of.uid), name: of.names?.realUser },
    real_group: { id: String(of.gid), name: of.names?.realGroup },
    saved_user: { id: String(of.suid), name: of.names?.savedUser },
    saved_group: { id: String(of.sgid), name: of.names?.savedGroup },
    supplemental_groups: of.groups?.length
      ? of.groups.map((id, index) => ({ id: String(id), name: of.names?.groups[index] }))
      : undefined,
    thread: effective || permitted ? { capabilities: { effective, permitted } } : undefined,
  };
}

const capabilityWords =
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
  "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
  "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
  "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore";

function capabilities(low: number, high: number): string[] | undefined {
  const set = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const named = capabilityWords.split(" ").map((name) => `CAP_${name.toUpperCase()}`);
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (set >> BigInt(bit)) & 1n);
  return bits.length === 0 ? undefined : bits.map((bit) => named[bit] ?? `CAP_${bit}`);
}

function hasTerminal({ ttyMajor, ttyMinor }: Lifecycle["session"]): boolean {
  return ttyMajor + ttyMinor > 0;
}

function exitCode(exit: Exit | undefined): number | undefined {
  if (exit?.status === undefined) return undefined;
  return exit.status % 128 > 0 ? 128 + (exit.status % 128) : Math.floor(exit.status / 256) % 256;
}

const signalWords =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
  "XFSZ VTALRM PROF WINCH IO PWR SYS";

function killed(exit: Exit | undefined): unknown {
  const number = (exit?.status ?? 0) % 128;
  if (number === 0) return undefined;
  const name = signalWords.split(" ")[number - 1];
  const realTime = number === 34 ? "SIGRTMIN" : `SIGRTMIN+${number - 34}`;
  const signal = name ? `SIG${name}` : number < 34 ? `SIG${number}` : realTime;
  return { signal, core_dumped: Math.floor((exit?.status ?? 0) / 128) % 2 === 1 };
}

function rusage(exit: Exit | undefined): unknown {
  const usage = exit?.usage;
  return (
    usage && {
      ...((usage.userSeconds || usage.userNanos || usage.systemSeconds || usage.systemNanos) && {
        user_ns: span(usage.userSeconds, usage.userNanos),
        system_ns: span(usage.systemSeconds, usage.systemNanos),
      }),
      max_rss_bytes: usage.maxRssBytes,
      minor_faults: usage.minorFaults,
      major_faults: usage.majorFaults,
      read_bytes: usage.readBytes,
      write_bytes: usage.writeBytes,
      voluntary_switches: usage.voluntarySwitches,
      involuntary_switches: usage.involuntarySwitches,
    }
  );
}

const qualityNames =
  "args_truncated args_unreadable args_invalid_utf8 executable_truncated cwd_truncated parent_unknown fork_unseen " +
  "from_procfs hash_pending hash_changed exit_lost clock_stepped redacted " +
  "hash_too_large hash_unreadable env_truncated";

function qualities(bits: number): string[] | undefined {
  const named = qualityNames.split(" ").filter((_, bit) => (bits >> bit) & 1);
  return named.length === 0 ? undefined : named;
}

function span(seconds: number, nanos: number): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

/** Without what is absent, and with lone surrogates replaced as UTF-8 must. */
function present(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined && member !== "");
  return Object.fromEntries(members.map(([name, member]) => [name, present(member)]));
}
