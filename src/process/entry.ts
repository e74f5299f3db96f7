import { isIP } from "node:net";
import type { EntryType, Image } from "./facts.ts";
import type { Leadership } from "./leadership.ts";
import type { Process } from "./process.ts";

/*
 * The entry leader: the process with which somebody or something came into the system, such as the shell of a login, the first
 * process of a container or a service. All that it starts belongs to it, through every setsid, until a new entry begins.
 * The cases and their order are those of Elastic's products, which Kibana's Session View reads, with the names of newer
 * programs added. Decided at fork, exec and change of session, by what is known at that moment.
 */

export interface Entry {
  readonly leadership: Leadership;
  readonly type: EntryType;
  /** undefined where it is not ssh, or the environment does not tell. */
  readonly sourceIp: string | undefined;
}

export const INIT = 1;
/** In the initial pid namespace, always. */
const KTHREADD = 2;

/** sshd since OpenSSH 9.8 is three programs: it listens, the others serve one connection. */
const SSH_SERVERS: ReadonlySet<string> = new Set(["sshd", "sshd-session", "sshd-auth", "dropbear"]);
/** A container's first process is forked by one of these. The names go on: containerd-shim-runc-v2. */
const RUNTIMES = ["containerd-shim", "runc", "crun", "youki", "conmon", "lxc-start", "lxc-execute", "systemd-nspawn"];
/** Parts of the machinery that are session leaders in the places where an entry would be. */
const MACHINERY = [...RUNTIMES, "calico-node", "check-status", "pause"];

/** What entry this process begins; undefined when it begins none. */
export function entryTypeOf(process: Process): EntryType | undefined {
  const { identity, image, session, origin } = process;
  if (identity.pid === INIT) return "init";
  if (identity.pid === KTHREADD && image === undefined) return "kthread";
  const parent = origin.parent;
  const name = image?.name;
  const parentName = parent?.image?.name ?? "";
  if (session.session !== identity.pid) return isCommandOfDropbear(name, parentName) ? "sshd" : undefined;
  if (isSerialLine(session.ttyMajor, session.ttyMinor)) return "terminal";
  if (isVirtualConsole(session.ttyMajor, session.ttyMinor) && name === "login") return "console";
  if (parent?.identity.pid === INIT) return "init";
  if (name === undefined || startsLikeOne(name, MACHINERY)) return undefined;
  if (parentName === "ssm-session-worker" && isPseudoTerminal(session.ttyMajor)) return "ssm";
  if (SSH_SERVERS.has(parentName) && !SSH_SERVERS.has(name)) return "sshd";
  return startsLikeOne(parentName, RUNTIMES) ? "container" : undefined;
}

/** Whether a later exec of the same process leaves its entry as it is: a login that becomes another shell is the same login. */
export function isSettled(type: EntryType): boolean {
  return type !== "init" && type !== "unknown";
}

/** Made by the kernel itself: threads, and the programs it starts. */
export function isOfKernel({ origin: { parent } }: Process): boolean {
  return parent?.identity.pid === KTHREADD && parent.image === undefined;
}

/** The first field of what sshd and dropbear leave in the environment; undefined unless it is an address. */
export function sshSource(image: Image | undefined): string | undefined {
  for (const name of ["SSH_CONNECTION=", "SSH_CLIENT="]) {
    const value = image?.env?.find((variable) => variable.startsWith(name));
    // An address of this link may have a zone, which ECS type ip does not take.
    const address = value?.slice(name.length).split(/[ %]/, 1)[0] ?? "";
    if (isIP(address) !== 0) return address;
  }
  return undefined;
}

/** dropbear makes a session for the connection, and a command without a terminal runs in it. */
function isCommandOfDropbear(name: string | undefined, parentName: string): boolean {
  return parentName === "dropbear" && name !== undefined && name !== "dropbear";
}

function startsLikeOne(name: string, beginnings: readonly string[]): boolean {
  return name !== "" && beginnings.some((beginning) => name.startsWith(beginning));
}

/* Numbers of Documentation/admin-guide/devices.txt: 4 is virtual consoles up to 63 and serial lines above. */

function isVirtualConsole(major: number, minor: number): boolean {
  return major === 4 && minor <= 63;
}

function isSerialLine(major: number, minor: number): boolean {
  return major === 4 && minor > 63;
}

function isPseudoTerminal(major: number): boolean {
  return major >= 136 && major <= 143;
}
