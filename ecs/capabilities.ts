import { quotedList } from "./json.ts";

/** In the kernel's order (include/uapi/linux/capability.h): the place is the bit. */
const names: readonly string[] = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"],
  ...[
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
  ],
  ...["SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"],
  ...["SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"],
  ...["MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"],
  "CHECKPOINT_RESTORE",
];

/** The names in a capability set given as two 32-bit halves; `CAP_41` for a bit that is newer than this list. */
export function capabilityNames(low: number, high: number): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const half = bit < 32 ? low : high;
    if ((half >>> (bit & 31)) & 1) found.push(`CAP_${names[bit] ?? bit}`);
  }
  return found;
}

/** A host knows few sets (none, all, and those of some daemons); the bound is for the host that does not. */
const maxSets = 256;
const sets = new Map<number, string>();

/** A capability set as a JSON array; undefined when it is empty. Kept per set: all 41 names take 4 us to write. */
export function capabilityList(low: number, high: number): string | undefined {
  if (low === 0 && high === 0) return undefined;
  const key = (high >>> 0) * 2 ** 32 + (low >>> 0);
  const kept = sets.get(key);
  if (kept !== undefined) return kept;
  const text = quotedList(capabilityNames(low, high));
  // Above 2^53 two sets could share a key; the kernel uses 41 bits.
  if (key <= Number.MAX_SAFE_INTEGER && sets.size < maxSets) sets.set(key, text);
  return text;
}
