/** Names of linux/capability.h, by bit. */
const NAMES =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";

/** The names of a set as /proc/PID/status shows it (hexadecimal), in the order of their bits. */
export function capabilityNames(set: string): string[] {
  const bits = BigInt(`0x${set}`);
  return NAMES.split(" ").flatMap((name, bit) => (((bits >> BigInt(bit)) & 1n) === 1n ? [`CAP_${name}`] : []));
}
